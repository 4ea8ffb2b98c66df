#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

// A file built into the binary; see cmake/embed.cmake.
struct EmbeddedFile {
  std::string_view path;  // "assets/app-1a2b.js"
  std::span<const std::uint8_t> bytes;
  std::span<const std::uint8_t> gzip;  // the compressed bytes; empty if they are not much smaller
};

// The files built into this binary, sorted by path. cmake/embed.cmake writes their definitions.
std::span<const EmbeddedFile> embedded_page();     // www/dist; empty if the page was not built
std::span<const EmbeddedFile> embedded_openapi();  // server/api/openapi

// The files of the page: those in the binary, or those of a folder, which are read for each request
// (for work on the page). Immutable; safe from many threads.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files);
  explicit StaticFiles(
      const std::filesystem::path& folder);  // throws IoError if it is not a folder

  // The response for a path; "/" is index.html. nullopt if there is no such file, for paths with
  // hidden or ".." segments, and for links out of the folder. Every response has an ETag. Files
  // under /assets/ have a hash in their names and may be cached without revalidation.
  std::optional<Reply> find(const Request& request) const;

 private:
  struct Entry {
    EmbeddedFile file;
    std::string etag;
  };
  std::optional<Reply> find_embedded(const Request& request, const std::string& path) const;
  std::optional<Reply> find_on_disk(const Request& request, const std::string& path) const;

  std::map<std::string, Entry, std::less<>> entries_;
  std::filesystem::path folder_;
};

std::string_view media_type(std::string_view path);  // by the file extension

}  // namespace fovea::server
