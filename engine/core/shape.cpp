#include "engine/core/shape.h"

namespace fovea {

std::string to_string(const Shape& shape, bool with_batch) {
  std::string text = with_batch ? std::to_string(shape.n) + "x" : "";
  return text + std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" +
         std::to_string(shape.c);
}

}  // namespace fovea
