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

// A file of the page inside the binary; see cmake/embed.cmake.
struct EmbeddedFile {
  std::string_view path;  // "assets/app-1a2b.js"
  std::span<const std::uint8_t> bytes;
  std::span<const std::uint8_t> gzip;  // the same compressed; empty when that does not pay
};

// The page's files: those in the binary, or those of a folder (read anew each time: for work on the
// page). Immutable; safe from many threads.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files);
  explicit StaticFiles(const std::filesystem::path& folder);  // throws IoError when it is none

  // "/" is index.html. Nothing when there is no such file, and for paths with hidden or ".."
  // segments or that a link leads out of the folder. ETag always; files under /assets/, whose
  // names carry a hash, may be cached for ever.
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

std::string_view media_type(std::string_view path);  // by the name's ending

}  // namespace fovea::server
