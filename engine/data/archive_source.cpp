#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/file_names.h"
#include "engine/data/image_source.h"
#include "engine/data/utf8_locale.h"

namespace fovea {
namespace {

// Images hardly compress, so an archive that unpacks to this many times its size does not hold
// images. Small archives of simple images may exceed it, hence the floor.
constexpr std::uint64_t kMaxRatio = 200;
constexpr std::uint64_t kRatioFloor = 256 << 20;

constexpr const char* kSparse = "a sparse file; pack it without --sparse";

// Whether the path is absolute or leaves the archive through "..".
bool leaves_archive(const std::string& path) {
  const std::string framed = "/" + path + "/";
  return path.empty() || path[0] == '/' || framed.find("/../") != std::string::npos;
}

// Reads through libarchive. Nothing is ever written under an entry's name.
class ArchiveSource : public ImageSource {
 public:
  ArchiveSource(const std::filesystem::path& path, const SourceOptions& options)
      : ArchiveSource(path.string(), options) {
    std::error_code ec;
    file_bytes_ = std::filesystem::file_size(path, ec);
    if (ec || archive_read_open_filename(archive_.get(), path.c_str(), 1 << 16) != ARCHIVE_OK) {
      fail();
    }
  }
  ArchiveSource(std::span<const std::uint8_t> bytes, const std::string& name,
                const SourceOptions& options)
      : ArchiveSource(name, options) {
    file_bytes_ = bytes.size();
    if (archive_read_open_memory(archive_.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) fail();
  }

  bool next(SourceFile& file) override {
    const Utf8Locale utf8;
    archive_entry* entry = nullptr;
    while (!ended_) {
      const int result = archive_read_next_header(archive_.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      if (result == ARCHIVE_RETRY) continue;
      if (result < ARCHIVE_WARN) fail();
      check_ratio();
      const std::string path = path_of(entry);
      if (archive_entry_filetype(entry) == AE_IFDIR || is_junk_file(path)) continue;
      if (++files_ > kMaxFiles) {
        throw FormatError(name_ + " holds more than " + std::to_string(kMaxFiles) + " files");
      }
      file = {path.substr(0, kMaxPathBytes), {}, {}, {}, {}};
      if (path.size() > kMaxPathBytes) {
        file.problem = "its path is longer than " + std::to_string(kMaxPathBytes) + " bytes";
      } else if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry)) {
        file.problem = "a link or special file";
      } else if (leaves_archive(path)) {
        file.problem = "its path is outside the archive";
      } else if (archive_entry_sparse_count(entry) > 0) {
        file.problem = kSparse;  // its holes cost nothing in the archive, and are skipped unread
      } else {
        read(file);
      }
      return true;
    }
    ended_ = true;  // libarchive must not be called again
    return false;
  }

  double fraction() const override {
    return std::min(1.0, static_cast<double>(consumed()) / static_cast<double>(file_bytes_ + 1));
  }

 private:
  ArchiveSource(std::string name, const SourceOptions& options)
      : name_(std::move(name)),
        names_(options.names_charset),
        archive_(archive_read_new(), archive_read_free) {
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_zip(archive_.get());
  }

  [[noreturn]] void fail() {
    const char* reason = archive_error_string(archive_.get());
    throw FormatError("cannot read " + name_ + " as a .tar, .tar.gz, .tar.xz or .zip archive: " +
                      (reason ? reason : "unknown reason"));
  }

  std::string path_of(archive_entry* entry) const {
    const char* path = archive_entry_pathname_utf8(entry);
    if (!path) path = archive_entry_pathname(entry);
    std::string text = path ? path : "";
    if (is_junk_file(text)) return text;
    text = names_.decode(text, name_);
    const bool zip =
        (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
    // Some programs for Windows write zip archives with backslashes.
    if (zip && text.find('/') == std::string::npos)
      std::replace(text.begin(), text.end(), '\\', '/');
    return text.starts_with("./") ? text.substr(2) : text;
  }

  std::uint64_t consumed() const {
    return std::max<la_int64_t>(0, archive_filter_bytes(archive_.get(), -1));
  }

  void check_ratio() const {
    const std::uint64_t unpacked = std::max<la_int64_t>(0, archive_filter_bytes(archive_.get(), 0));
    const std::uint64_t out = std::max(unpacked, produced_);
    if (out > kRatioFloor && out / kMaxRatio > std::max<std::uint64_t>(consumed(), 1)) {
      throw FormatError(name_ + " unpacks to more than " + std::to_string(kMaxRatio) +
                        " times its size (" + std::to_string(out) + " bytes out of " +
                        std::to_string(consumed()) + ")");
    }
  }

  // Reads the entry to its end, and keeps its data unless it is too large.
  void read(SourceFile& file) {
    std::uint64_t size = 0;
    while (true) {
      const void* block = nullptr;
      std::size_t length = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_.get(), &block, &length, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result == ARCHIVE_FATAL) fail();
      if (result < ARCHIVE_WARN) {
        const char* reason = archive_error_string(archive_.get());
        file.problem = reason ? reason : "its data cannot be read";
        break;
      }
      produced_ += length;
      check_ratio();
      size = std::max<std::uint64_t>(size, offset + length);
      if (size > kMaxFileBytes) {
        file.problem = "larger than " + std::to_string(kMaxFileBytes >> 20) + " MiB";
      }
      if (!file.problem.empty()) continue;
      if (static_cast<std::uint64_t>(offset) != file.bytes.size()) {
        file.problem = kSparse;
        continue;
      }
      file.bytes.resize(size);
      const auto* from = static_cast<const std::uint8_t*>(block);
      std::copy_n(from, length, file.bytes.begin() + offset);
    }
    if (!file.problem.empty()) file.bytes.clear();
  }

  std::string name_;
  NameDecoder names_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t produced_ = 0;  // bytes of data that libarchive returned
  std::int64_t files_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ImageSource> open_archive(const std::filesystem::path& path,
                                          const SourceOptions& options) {
  return std::make_unique<ArchiveSource>(path, options);
}

std::unique_ptr<ImageSource> open_archive(std::span<const std::uint8_t> bytes,
                                          const std::string& name, const SourceOptions& options) {
  return std::make_unique<ArchiveSource>(bytes, name, options);
}

}  // namespace fovea
