#include "engine/core/tensor.h"

#include <limits>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("an empty tensor with sizes out of range is rejected", "[engine][core]") {
  Tensor tensor;
  tensor.resize({0, 32, 32, 3});
  CHECK(tensor.size() == 0);
  CHECK(tensor.shape().per_image() == 3072);
  constexpr int kHuge = std::numeric_limits<int>::max();
  for (const Shape& shape : {Shape{0, kHuge, kHuge, kHuge}, Shape{kHuge, 0, kHuge, kHuge},
                             Shape{kHuge, kHuge, kHuge, 0}, Shape{1, -1, 1, 1}}) {
    CHECK_THROWS_AS(tensor.resize(shape), ShapeError);
  }
}
