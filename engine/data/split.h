#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace fovea {

// Shares of each class, when the source does not say what belongs where.
struct SplitShares {
  double val = 0.1;
  double test = 0.1;
};

// An image about to be stored. `split` is what the source said, if it did.
struct SplitRequest {
  ContentHash hash{};
  std::string class_name;
  std::optional<Split> split;
};

// Decides where each image goes; the caller stores the answer and never asks again for it.
//   The source's own split stays, with one exception: a source with train images and none for
//   validation gives `val_fraction` of the train images of each class to val.
//   Images without a split are shared out by `shares`: test, val, train in the order of their
//   hashes.
// In a class of which nothing is stored yet the shares are exact (rounded, halves up): the lowest
// hashes of the class go first. Where `known_classes` has the class already, an image's hash alone
// decides, read as a number in [0, 1): no image moves because another came.
std::vector<Split> assign_splits(const std::vector<SplitRequest>& requests,
                                 const std::vector<std::string>& known_classes, double val_fraction,
                                 const SplitShares& shares = {});

}  // namespace fovea
