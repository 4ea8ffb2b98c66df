#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// One file of a folder or an archive.
struct SourceFile {
  std::string path;                 // inside the source, "a/b/c.jpg"
  std::vector<std::uint8_t> bytes;  // empty when there is a problem
  std::string problem;              // why the file cannot be used; empty when it can
  // Its class and split, when the source knows them apart from the path. Without a label the path
  // determines both.
  std::optional<std::string> label{};
  std::optional<Split> split{};
};

struct SourceOptions {
  // The charset of names that are not UTF-8 (file_names.h); empty: such names are an error.
  std::string names_charset;
};

// The files of a folder tree, sorted by path, or of an archive, in its order. Hidden files and
// those that systems create (is_junk_file) are skipped. Files above
// kMaxFileBytes, links to files outside the tree and everything that is not a regular file have a
// problem. One owner.
class ImageSource {
 public:
  static constexpr std::int64_t kMaxFiles = 100'000;
  static constexpr std::uint64_t kMaxFileBytes = 32 << 20;
  static constexpr std::size_t kMaxPathBytes = 4096;

  virtual ~ImageSource() = default;
  // False at the end. Throws IoError, and FormatError when an archive is damaged, unpacks to too
  // many bytes for its size, holds more than kMaxFiles files or has names in an unknown charset.
  virtual bool next(SourceFile& file) = 0;
  virtual double fraction() const = 0;  // of the source that has been read, 0..1
};

// A folder, or an archive (.tar, .tar.gz, .tar.xz, .zip), recognised by its contents.
// Throws IoError when the path does not exist, FormatError when it is neither, and ConfigError for
// an unknown charset.
std::unique_ptr<ImageSource> open_source(const std::filesystem::path& path,
                                         const SourceOptions& options = {});

// archive_source.cpp:
std::unique_ptr<ImageSource> open_archive(const std::filesystem::path& path,
                                          const SourceOptions& options = {});
// An archive in memory, which must outlive the source; error texts call it `name`.
std::unique_ptr<ImageSource> open_archive(std::span<const std::uint8_t> bytes,
                                          const std::string& name,
                                          const SourceOptions& options = {});

// Whether the bytes begin like one of those archives. No image format does.
bool is_archive(std::span<const std::uint8_t> bytes);

// Whether the file is hidden or created by a system (__MACOSX, Thumbs.db, desktop.ini, @eaDir,
// ...), and skipped silently.
bool is_junk_file(const std::string& path);

// Whether the file is the manifest that an exported dataset has beside its images.
bool is_export_manifest(const std::string& path);

}  // namespace fovea
