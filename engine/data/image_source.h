#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// One file of a folder or an archive.
struct SourceFile {
  std::string path;                    // inside the source, "a/b/c.jpg"
  std::vector<std::uint8_t> bytes;     // empty when there is a problem
  std::string problem;                 // why the file cannot be used; empty when it can
  std::optional<std::string> label{};  // its class, when the source knows it apart from the path
};

// The files of a folder tree, sorted by path, or of an archive, in its order. Hidden files and
// those that systems create (__MACOSX, Thumbs.db, desktop.ini) are skipped. Files above
// kMaxFileBytes, links to files outside the tree and everything that is not a regular file have a
// problem. One owner.
class ImageSource {
 public:
  static constexpr std::int64_t kMaxFiles = 100'000;
  static constexpr std::uint64_t kMaxFileBytes = 32 << 20;

  virtual ~ImageSource() = default;
  // False at the end. Throws IoError, and FormatError when an archive is damaged, unpacks to too
  // many bytes for its size or holds more than kMaxFiles files.
  virtual bool next(SourceFile& file) = 0;
  virtual double fraction() const = 0;  // of the source that has been read, 0..1
};

// A folder, or an archive (.tar, .tar.gz, .tar.xz, .zip), recognised by its contents.
// Throws IoError when the path does not exist, FormatError when it is neither.
std::unique_ptr<ImageSource> open_source(const std::filesystem::path& path);

// archive_source.cpp:
std::unique_ptr<ImageSource> open_archive(const std::filesystem::path& path);
// An archive in memory, which must outlive the source; error texts call it `name`.
std::unique_ptr<ImageSource> open_archive(std::span<const std::uint8_t> bytes,
                                          const std::string& name);

// Whether the bytes begin like one of those archives. No image format does.
bool is_archive(std::span<const std::uint8_t> bytes);

// Whether the file is hidden or created by a system, and skipped silently.
bool is_junk_file(const std::string& path);

// Whether the file is the manifest that an exported dataset has beside its images.
bool is_export_manifest(const std::string& path);

}  // namespace fovea
