#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/dataset/training_data.h"

namespace fovea::server {

// The pieces of a zip archive of the training data, nothing at the end: manifest.jsonl with a line
// of JSON an image (sha256, label, split, source, added_at, file, name), then <split>/<class>/...,
// each file as it was uploaded, or as a BMP of the stored pixels. An import of it keeps the splits.
// What changes meanwhile is not noticed. The data must outlive it. Throws IoError.
std::function<std::optional<std::string>()> export_pieces(
    std::shared_ptr<const TrainingSnapshot> snapshot, const TrainingData& data);

// An image's file as it was uploaded, or a BMP of its stored pixels.
std::vector<std::uint8_t> image_file(const TrainingSnapshot& snapshot, const TrainingData& data,
                                     const ImageRecord& image);
std::string_view image_type(std::span<const std::uint8_t> file);  // "image/jpeg", "image/png" ...

}  // namespace fovea::server
