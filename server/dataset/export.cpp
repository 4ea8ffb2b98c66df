#include "server/dataset/export.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/zip_writer.h"
#include "engine/image/bitmap.h"
#include "engine/image/file_kind.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

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
  constexpr std::string_view kKnown[] = {".jpg", ".jpeg", ".png",  ".bmp", ".webp",
                                         ".gif", ".heic", ".heif", ".avif"};
  return std::find(std::begin(kKnown), std::end(kKnown), extension) != std::end(kKnown) ? extension
                                                                                        : ".img";
}

class Export {
 public:
  Export(std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data,
         std::vector<ExtraFile> first)
      : snapshot_(std::move(snapshot)), data_(data), first_(std::move(first)) {}

  std::optional<std::string> next() {
    constexpr std::size_t kPiece = 256 << 10;  // bytes
    std::string piece = next_extra();
    if (!piece.empty()) return piece;
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
  // One of the first files; empty: none is left.
  std::string next_extra() {
    while (next_ < first_.size()) {
      const ExtraFile& file = first_[next_++];
      zip_.add(file.path, file.read(), 0, file.compress);
      if (std::string piece = zip_.take(); !piece.empty()) return piece;
    }
    return {};
  }

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
  const std::vector<ExtraFile> first_;
  std::size_t next_ = 0;  // of first_
  ZipWriter zip_;
  std::vector<std::string> paths_;  // in the archive, one per image
  std::size_t at_ = 0;              // next image
  bool started_ = false, ended_ = false;
};

}  // namespace

std::string_view image_type(std::span<const std::uint8_t> file) {
  switch (file_kind(file)) {
    case FileKind::jpeg:
      return "image/jpeg";
    case FileKind::png:
      return "image/png";
    case FileKind::gif:
      return "image/gif";
    case FileKind::webp:
      return "image/webp";
    case FileKind::heic:
      return "image/heic";
    case FileKind::avif:
      return "image/avif";
    default:
      return "image/bmp";
  }
}

std::vector<std::uint8_t> image_file(const TrainingSnapshot& snapshot, const TrainingData& data,
                                     const ImageRecord& image) {
  if (auto original = data.original(image.hash)) return std::move(*original);
  return encode_bitmap(snapshot.dataset.load(image));
}

std::function<std::optional<std::string>()> export_zip(
    std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data,
    std::vector<ExtraFile> first) {
  const auto work = std::make_shared<Export>(std::move(snapshot), data, std::move(first));
  return [work] { return work->next(); };
}

}  // namespace fovea::server
