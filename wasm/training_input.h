#pragma once

// What JavaScript passes to a training (training.cpp), checked.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/fit/head_search.h"
#include "engine/model/model.h"

namespace fovea {

inline constexpr std::size_t kHashBytes = 32;

struct TrainRequest {
  std::vector<std::string> classes;
  Provenance provenance;
};

// JSON text {"classes": [names], "provenance": {text: text}}. Throws ConfigError when it is
// something else, or the classes are fewer than two, too many or not different.
TrainRequest read_train_request(const char* text);

// The images in the order of their hashes, as in a dataset: it decides which fold they are in.
// features {n, views, dim}, hashes {n, kHashBytes}, labels {n}. Throws ConfigError when a label is
// not that of a class, a class has no images or two images have the same content.
ImageFeatures gather_images(int dim, const float* features, std::span<const std::uint8_t> hashes,
                            std::span<const int> labels, const std::vector<std::string>& classes);

}  // namespace fovea
