#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/dataset/training_data.h"

namespace fovea::server {

// Another file of an exported archive.
struct ExtraFile {
  std::string path;
  std::function<std::vector<std::uint8_t>()> read;
  bool compress = false;
};

// Exports a snapshot of the training data as a zip archive. Each call of the result returns the
// next piece, nullopt at the end. The archive contains manifest.jsonl, with one JSON object per
// image (sha256, label, split, source, added_at, file, name), then the images as
// <split>/<class>/..., each as uploaded or as a BMP of the stored pixels. Importing it preserves
// the splits. `data` must outlive the result. Throws IoError. The archive begins with `first`.
std::function<std::optional<std::string>()> export_zip(
    std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data,
    std::vector<ExtraFile> first = {});

// The image file as uploaded; a BMP of the stored pixels if the original is not stored.
std::vector<std::uint8_t> image_file(const TrainingSnapshot& snapshot, const TrainingData& data,
                                     const ImageRecord& image);
std::string_view image_type(std::span<const std::uint8_t> file);  // "image/jpeg", "image/png" ...

}  // namespace fovea::server
