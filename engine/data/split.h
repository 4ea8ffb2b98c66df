#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// Fractions of each class for images without a split.
struct SplitFractions {
  double val = 0.1;
  double test = 0.1;
};

// An image that is about to be stored. `split` is the one that the source names, if any.
struct SplitRequest {
  ContentHash hash{};
  std::string class_name;
  std::optional<Split> split;
};

// Assigns a split to each image. The split of a stored image never changes.
//   A split that the source names is kept, with one exception: when the source has train images but
//   none for validation, `val_fraction` of the train images of each class become val.
//   Images without a split are divided by `fractions` into test, val and train, in the order of
//   their hashes.
// In a class that is new the fractions are exact (rounded, halves up): the lowest hashes come
// first. In a class that is among `known_classes` the hash alone decides, read as a number in [0,
// 1), so that the split of an image does not depend on the other images. Throws ConfigError when a
// fraction is not in [0, 1).
std::vector<Split> assign_splits(const std::vector<SplitRequest>& requests,
                                 const std::vector<std::string>& known_classes, double val_fraction,
                                 const SplitFractions& fractions = {});

}  // namespace fovea
