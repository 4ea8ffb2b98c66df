#include "engine/data/image_source.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/file_names.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

class FolderSource : public ImageSource {
 public:
  FolderSource(const fs::path& root, const SourceOptions& options)
      : root_(fs::canonical(root)), name_(root.string()), names_(options.names_charset) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_)) {
      const std::string path = entry.path().lexically_relative(root_).generic_string();
      if (is_junk_file(path) || (entry.is_directory() && !entry.is_symlink())) continue;
      paths_.push_back(path);
      if (paths_.size() > std::size_t{kMaxFiles}) {
        throw FormatError(root.string() + " holds more than " + std::to_string(kMaxFiles) +
                          " files");
      }
    }
    std::sort(paths_.begin(), paths_.end());
  }

  bool next(SourceFile& file) override {
    if (at_ == paths_.size()) return false;
    const fs::path path = root_ / paths_[at_];
    file = {names_.decode(paths_[at_++], name_), {}, {}, {}, {}};
    std::error_code ec;
    const fs::path target = fs::canonical(path, ec);
    const auto [root_end, ignored] =
        std::mismatch(root_.begin(), root_.end(), target.begin(), target.end());
    if (ec) {
      file.problem = "cannot be opened: " + ec.message();
    } else if (root_end != root_.end()) {
      file.problem = "a link to a file outside the folder";
    } else if (!fs::is_regular_file(target, ec)) {
      file.problem = "not a regular file";
    } else {
      read(path, file);
    }
    return true;
  }

  double fraction() const override {
    return paths_.empty() ? 1 : static_cast<double>(at_) / static_cast<double>(paths_.size());
  }

 private:
  static void read(const fs::path& path, SourceFile& file) {
    try {
      file.bytes = read_file(path, kMaxFileBytes);
    } catch (const std::runtime_error& error) {  // no permission, too large: only this file fails
      file.problem = error.what();
    }
  }

  const fs::path root_;
  const std::string name_;
  const NameDecoder names_;
  std::vector<std::string> paths_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_junk_file(const std::string& path) {
  // Lower-case names of files and folders that macOS, Windows and Synology create.
  static const std::set<std::string, std::less<>> names = {
      "__macosx", "thumbs.db",    "ehthumbs.db", "ehthumbs_vista.db",        "desktop.ini",
      "@eadir",   "$recycle.bin", "picasa.ini",  "system volume information"};
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    std::string name = path.substr(at, end - at);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    const bool hidden = name.starts_with('.') && name != "." && name != "..";
    if (hidden || names.contains(name) || name == "icon\r") return true;
    at = end + 1;
  }
  return false;
}

bool is_export_manifest(const std::string& path) {
  return path.substr(path.rfind('/') + 1) == "manifest.jsonl";
}

bool is_archive(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 512));
  constexpr std::string_view kXz(
      "\xfd"
      "7zXZ\0",
      6);
  return text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06") ||  // zip, empty zip
         text.starts_with("\x1f\x8b") || text.starts_with(kXz) ||             // gzip, xz
         (text.size() > 262 && text.substr(257, 5) == "ustar");
}

std::unique_ptr<ImageSource> open_source(const fs::path& path, const SourceOptions& options) {
  std::error_code ec;
  const fs::file_status status = fs::status(path, ec);
  if (!fs::exists(status)) throw IoError(path.string() + " does not exist");
  if (!fs::is_directory(status)) return open_archive(path, options);
  try {
    return std::make_unique<FolderSource>(path, options);
  } catch (const fs::filesystem_error& error) {
    throw IoError(error.what());
  }
}

}  // namespace fovea
