#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// One file out of a folder or an archive.
struct SourceFile {
  std::string path;                    // inside the source, "a/b/c.jpg"
  std::vector<std::uint8_t> bytes;     // empty when there is a problem
  std::string problem;                 // why the file cannot be used; empty when it can
  std::optional<std::string> label{};  // its class, when that is known apart from the path
};

// The files of a folder tree (sorted by path) or of an archive (in its order), one after the other.
// What systems leave about (hidden files, __MACOSX, Thumbs.db, desktop.ini) is passed over. Files
// above kMaxFileBytes, links that lead out of the tree and everything that is no regular file come
// with a problem. Not synchronised: one owner.
class Source {
 public:
  static constexpr std::int64_t kMaxFiles = 100'000;
  static constexpr std::uint64_t kMaxFileBytes = 32 << 20;

  virtual ~Source() = default;
  // False at the end. Throws IoError, and FormatError when an archive is damaged or unpacks
  // absurdly far, or when there are more than kMaxFiles.
  virtual bool next(SourceFile& file) = 0;
  virtual double fraction() const = 0;  // 0..1, how much of the source has been read
};

// A folder, or an archive: .tar, .tar.gz, .tar.xz, .zip, known by its contents.
// Throws IoError when there is nothing there, FormatError when it is neither.
std::unique_ptr<Source> open_source(const std::filesystem::path& path);
std::unique_ptr<Source> open_archive(const std::filesystem::path& path);
// An archive in memory, which must outlive the source; `name` is for the texts of errors.
std::unique_ptr<Source> open_archive(std::span<const std::uint8_t> bytes, const std::string& name);

// Whether these bytes begin as one of those archives does; no image does.
bool is_archive(std::span<const std::uint8_t> bytes);

// True for files that are nobody's image and not worth a word.
bool is_junk_file(const std::string& path);

// The list that an export of a dataset holds beside its images (zip_export.h).
bool is_export_manifest(const std::string& path);

}  // namespace fovea
