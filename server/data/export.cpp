#include "server/data/export.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/data/zip_writer.h"
#include "engine/image/bitmap.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "holiday/IMG 1.JPG" -> "IMG_1": letters, digits, '-' and '_', so that it can lie in any folder.
std::string stem_of(const std::string& name) {
  std::string stem = name.substr(name.find_last_of("/\\") + 1);
  stem = stem.substr(0, std::min(stem.rfind('.'), std::size_t{60}));
  for (char& c : stem) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return stem;
}

// The ending that the uploaded file had, when it is one of a picture.
std::string ending_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  std::string end = dot == std::string::npos ? "" : name.substr(dot);
  for (char& c : end) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return end == ".jpg" || end == ".jpeg" || end == ".png" || end == ".bmp" ? end : ".img";
}

class Export {
 public:
  Export(std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data)
      : snapshot_(std::move(snapshot)), data_(data) {}

  std::optional<std::string> next() {
    constexpr std::size_t kPiece = 256 << 10;
    std::string piece;
    if (!began_) write_manifest();
    const auto& pictures = snapshot_->dataset.pictures();
    while ((piece += zip_.take()).size() < kPiece && at_ < pictures.size()) {
      const Picture& picture = pictures[at_++];
      const std::vector<std::uint8_t> file = picture_file(*snapshot_, data_, picture);
      zip_.add(paths_[at_ - 1], file, picture.added_at, picture_type(file) == "image/bmp");
    }
    if (at_ == pictures.size() && !ended_) {
      ended_ = true;
      zip_.finish();
      piece += zip_.take();
    }
    if (piece.empty()) return std::nullopt;
    return piece;
  }

 private:
  std::string path_of(const Picture& picture) const {
    const bool whole = data_.has_original(picture.hash);
    return to_string(picture.split) + "/" + snapshot_->label(picture) + "/" +
           stem_of(picture.name) + "-" + to_hex(picture.hash).substr(0, 12) +
           (whole ? ending_of(picture.name) : ".bmp");
  }

  void write_manifest() {
    began_ = true;
    std::string lines;
    for (const Picture& picture : snapshot_->dataset.pictures()) {
      paths_.push_back(path_of(picture));
      const Json line = {{"sha256", to_hex(picture.hash)},
                         {"label", snapshot_->label(picture)},
                         {"split", to_string(picture.split)},
                         {"source", to_string(picture.origin)},
                         {"added_at", picture.added_at},
                         {"file", paths_.back()},
                         {"name", picture.name}};
      lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    zip_.add("manifest.jsonl", {reinterpret_cast<const std::uint8_t*>(lines.data()), lines.size()},
             0, true);
  }

  std::shared_ptr<const TrainingSnapshot> snapshot_;
  const TrainingData& data_;
  ZipWriter zip_;
  std::vector<std::string> paths_;  // of the pictures, as the manifest has them
  std::size_t at_ = 0;
  bool began_ = false, ended_ = false;
};

}  // namespace

std::string_view picture_type(std::span<const std::uint8_t> file) {
  const std::string_view text = text_of(file);
  if (text.substr(0, 3) == "\xff\xd8\xff") return "image/jpeg";
  if (text.substr(0, 8) == "\x89PNG\r\n\x1a\n") return "image/png";
  return "image/bmp";
}

std::vector<std::uint8_t> picture_file(const TrainingSnapshot& snapshot, const TrainingData& data,
                                       const Picture& picture) {
  if (auto original = data.original(picture.hash)) return std::move(*original);
  return encode_bitmap(snapshot.dataset.load(picture));
}

std::function<std::optional<std::string>()> export_pieces(
    std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data) {
  const auto work = std::make_shared<Export>(std::move(snapshot), data);
  return [work] { return work->next(); };
}

}  // namespace fovea::server
