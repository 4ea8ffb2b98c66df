#include "engine/fit/labels.h"

#include "engine/core/error.h"

namespace fovea {

void check_labels(const std::string& what, const Tensor& scores, std::span<const int> labels) {
  const Shape& shape = scores.shape();
  if (labels.empty() || shape.n != std::ssize(labels)) {
    throw ShapeError(what + ": " + std::to_string(shape.n) + " predictions for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= shape.per_image()) {
      throw ShapeError(what + ": label " + std::to_string(labels[i]) + " of image " +
                       std::to_string(i) + " is not below " + std::to_string(shape.per_image()));
    }
  }
}

}  // namespace fovea
