#include "engine/fit/novelty_fit.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/half.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

constexpr int kDim = 8;

// Images of each class scatter around a separate axis; `first` is the axis of class 0.
ImageFeatures clusters(int per_class, int classes, std::uint64_t seed, int first = 0) {
  Rng rng(seed);
  ImageFeatures images{1, Tensor({per_class * classes, 1, 1, kDim}), {}};
  for (int i = 0; i < per_class * classes; ++i) {
    Scalar* row = images.features.image(i);
    for (int c = 0; c < kDim; ++c) row[c] = Scalar{0.2} * rng.normal();
    row[first + i % classes] += 3;
    images.labels.push_back(i % classes);
  }
  return images;
}

double fraction_unknown(const Novelty& novelty, const Tensor& features) {
  Tensor distances;
  nearest_distances(novelty.references, features, distances);
  const auto values = distances.values();
  return static_cast<double>(std::count_if(values.begin(), values.end(),
                                           [&](Scalar d) { return d > novelty.threshold; })) /
         static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("one in twenty new images of the classes and all other images are unknown",
          "[engine][fit]") {
  const Novelty novelty = fit_novelty(clusters(200, 2, 1), 2);
  REQUIRE(novelty.available());
  CHECK(novelty.images == 400);
  CHECK(novelty.false_alarms == 0.05f);
  CHECK(fraction_unknown(novelty, clusters(1000, 2, 2).features) == Approx(0.05).margin(0.02));
  CHECK(fraction_unknown(novelty, clusters(100, 2, 3, 4).features) == 1);
}

TEST_CASE("each class of many images keeps as many references", "[engine][fit]") {
  const ImageFeatures images = clusters(400, 3, 4);
  const Novelty novelty = fit_novelty(images, 2);
  CHECK(novelty.references.shape() == Shape{510, 1, 1, kDim});
  CHECK(fraction_unknown(novelty, clusters(1000, 3, 5).features) == Approx(0.05).margin(0.02));
}

TEST_CASE("references have length 1 in half precision", "[engine][fit]") {
  const Novelty novelty = fit_novelty(clusters(10, 2, 6), 1);
  REQUIRE(novelty.references.shape().n == 20);
  for (int r = 0; r < 20; ++r) {
    double square = 0;
    for (int c = 0; c < kDim; ++c) {
      const float value = novelty.references.image(r)[c];
      CHECK(from_half(to_half(value)) == value);
      square += double{value} * double{value};
    }
    CHECK(square == Approx(1).margin(2e-3));
  }
}

TEST_CASE("the threshold does not depend on the number of threads", "[engine][fit]") {
  const ImageFeatures images = clusters(300, 2, 7);
  CHECK(fit_novelty(images, 1).threshold == fit_novelty(images, 4).threshold);
}

TEST_CASE("too few images or too many classes give no threshold", "[engine][fit]") {
  CHECK_FALSE(fit_novelty(clusters(9, 2, 8), 1).available());
  CHECK(fit_novelty(clusters(10, 2, 8), 1).available());
  ImageFeatures many = clusters(1, 2, 9);
  many.labels = {0, 600};
  CHECK_FALSE(fit_novelty(many, 1, 0.5).available());
  many.labels = {0, -1};
  CHECK_THROWS_AS(fit_novelty(many, 1), ShapeError);
  many.labels = {0};
  CHECK_THROWS_AS(fit_novelty(many, 1), ShapeError);
}

TEST_CASE("features without length are far from every reference", "[engine][fit]") {
  const Novelty novelty = fit_novelty(clusters(20, 2, 10), 1);
  CHECK(fraction_unknown(novelty, Tensor({3, 1, 1, kDim})) == 1);
  Tensor distances;
  CHECK_THROWS_AS(nearest_distances(novelty.references, Tensor({1, 1, 1, 5}), distances),
                  ShapeError);
  CHECK_THROWS_AS(nearest_distances(Tensor(), Tensor({1, 1, 1, kDim}), distances), ShapeError);
}
