#include "server/dataset/export.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/zip_writer.h"
#include "engine/image/bitmap.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "holiday/IMG 1.JPG" -> "IMG_1": only letters, digits, '-' and '_', valid on every file system.
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

// The extension of the uploaded file in lower case; ".img" if it is not an image's.
std::string extension_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool known =
      extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".bmp";
  return known ? extension : ".img";
}

class Export {
 public:
  Export(std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data)
      : snapshot_(std::move(snapshot)), data_(data) {}

  std::optional<std::string> next() {
    constexpr std::size_t kPiece = 256 << 10;  // bytes
    std::string piece;
    if (!started_) write_manifest();
    const auto& images = snapshot_->dataset.images();
    while ((piece += zip_.take()).size() < kPiece && at_ < images.size()) {
      const ImageRecord& image = images[at_++];
      const std::vector<std::uint8_t> file = image_file(*snapshot_, data_, image);
      zip_.add(paths_[at_ - 1], file, image.added_at, image_type(file) == "image/bmp");
    }
    if (at_ == images.size() && !ended_) {
      ended_ = true;
      zip_.finish();
      piece += zip_.take();
    }
    if (piece.empty()) return std::nullopt;
    return piece;
  }

 private:
  std::string path_of(const ImageRecord& image) const {
    const bool original = data_.has_original(image.hash);
    return to_string(image.split) + "/" + snapshot_->label(image) + "/" + stem_of(image.name) +
           "-" + to_hex(image.hash).substr(0, 12) + (original ? extension_of(image.name) : ".bmp");
  }

  void write_manifest() {
    started_ = true;
    std::string lines;
    for (const ImageRecord& image : snapshot_->dataset.images()) {
      paths_.push_back(path_of(image));
      const Json line = {{"sha256", to_hex(image.hash)},
                         {"label", snapshot_->label(image)},
                         {"split", to_string(image.split)},
                         {"source", to_string(image.origin)},
                         {"added_at", image.added_at},
                         {"file", paths_.back()},
                         {"name", image.name}};
      lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    zip_.add("manifest.jsonl", {reinterpret_cast<const std::uint8_t*>(lines.data()), lines.size()},
             0, true);
  }

  std::shared_ptr<const TrainingSnapshot> snapshot_;
  const TrainingData& data_;
  ZipWriter zip_;
  std::vector<std::string> paths_;  // in the archive, one per image
  std::size_t at_ = 0;              // next image
  bool started_ = false, ended_ = false;
};

}  // namespace

std::string_view image_type(std::span<const std::uint8_t> file) {
  const std::string_view text = text_of(file);
  if (text.substr(0, 3) == "\xff\xd8\xff") return "image/jpeg";
  if (text.substr(0, 8) == "\x89PNG\r\n\x1a\n") return "image/png";
  return "image/bmp";
}

std::vector<std::uint8_t> image_file(const TrainingSnapshot& snapshot, const TrainingData& data,
                                     const ImageRecord& image) {
  if (auto original = data.original(image.hash)) return std::move(*original);
  return encode_bitmap(snapshot.dataset.load(image));
}

std::function<std::optional<std::string>()> export_zip(
    std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data) {
  const auto work = std::make_shared<Export>(std::move(snapshot), data);
  return [work] { return work->next(); };
}

}  // namespace fovea::server
