#include "engine/fit/head_search.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

constexpr int kDim = 12;

Network make_network(int classes) {
  return Network(NetworkSpec{{1, 1, 1, kDim}, {{FlattenSpec{}}, {DenseSpec{classes}}}});
}

// Feature c is higher for class c. The second view is the first, except that with `mirrored` it is
// the first view of the next class.
ImageFeatures make_images(int per_class, int classes, double distance, bool mirrored = false,
                          int views = 2) {
  ImageFeatures images{views, Tensor({per_class * classes * views, 1, 1, kDim}), {}};
  Rng rng(5);
  for (int i = 0; i < per_class * classes; ++i) {
    const int label = i % classes;
    images.labels.push_back(label);
    for (int v = 0; v < views; ++v) {
      Scalar* x = images.features.image(i * views + v);
      for (int d = 0; d < kDim; ++d) x[d] = 2 + rng.normal();
      x[mirrored && v > 0 ? (label + 1) % classes : label] += static_cast<Scalar>(distance);
    }
  }
  return images;
}

double accuracy_on(const Network& network, const ImageFeatures& images) {
  Tensor logits;
  Scratch scratch;
  network.infer_head(images.features, logits, scratch);
  int correct = 0;
  for (int i = 0; i < int_size(images.labels); ++i) {
    correct += logits.argmax(i * images.views) == images.labels[i] ? 1 : 0;
  }
  return 1.0 * correct / static_cast<double>(images.labels.size());
}

}  // namespace

TEST_CASE("a head is trained and its accuracy on other images is estimated", "[engine][fit]") {
  Network network = make_network(4);
  const ImageFeatures images = make_images(40, 4, 3);
  const HeadSearch search = train_head(network, images, 2);
  CHECK(search.folds == 5);
  CHECK(search.scores.size() == 4);  // 3 penalties, one of them also with one view
  REQUIRE(search.logits.shape() == Shape{160, 1, 1, 4});
  CHECK(search.selected.accuracy > 0.85);
  CHECK(search.selected.accuracy < 1);
  int correct = 0;
  for (int i = 0; i < 160; ++i) correct += search.logits.argmax(i) == images.labels[i] ? 1 : 0;
  CHECK(search.selected.accuracy == Approx(correct / 160.0));
  CHECK(search.temperature.images == 160);
  // The estimate is that of other images.
  CHECK(accuracy_on(network, make_images(500, 4, 3)) ==
        Approx(search.selected.accuracy).margin(0.05));
}

TEST_CASE("a view that looks like another class is not used", "[engine][fit]") {
  Network network = make_network(3);
  CHECK(train_head(network, make_images(20, 3, 4, true), 1).selected.views == 1);
  CHECK(train_head(network, make_images(20, 3, 4, false), 1).selected.views == 2);
}

TEST_CASE("many images with clear differences get a weaker penalty", "[engine][fit]") {
  Network network = make_network(2);
  CHECK(train_head(network, make_images(200, 2, 6), 1).selected.strength == 512);
  CHECK(train_head(network, make_images(3, 2, 2), 1).selected.strength == 64);  // too few to know
}

TEST_CASE("a head has the same bits on any number of threads", "[engine][fit]") {
  const ImageFeatures images = make_images(15, 3, 2);
  Network one = make_network(3), three = make_network(3);
  const HeadSearch a = train_head(one, images, 1), b = train_head(three, images, 3);
  CHECK(std::ranges::equal(one.head_weight().value.values(), three.head_weight().value.values()));
  CHECK(a.temperature.value == b.temperature.value);
}

TEST_CASE("a head can be trained on very few images", "[engine][fit]") {
  Network network = make_network(3);
  SECTION("one image of each class: no cross-validation") {
    const HeadSearch search = train_head(network, make_images(1, 3, 4), 1);
    CHECK(search.folds == 0);
    CHECK(search.scores.empty());
    CHECK(search.logits.empty());
    CHECK(search.temperature.value == 1);
    CHECK(search.selected.strength == 64);
  }
  SECTION("two images of each class") {
    CHECK(train_head(network, make_images(2, 3, 4), 1).folds == 2);
  }
  SECTION("a class without images") {
    ImageFeatures images = make_images(4, 2, 4);
    CHECK(train_head(network, images, 1).folds == 4);
  }
}

TEST_CASE("training a head reports its progress and can be stopped", "[engine][fit]") {
  Network network = make_network(2);
  std::vector<double> fractions;
  const auto collect = [&](double done) {
    fractions.push_back(done);
    return true;
  };
  train_head(network, make_images(5, 2, 3), 1, collect);
  CHECK(std::ranges::is_sorted(fractions));
  CHECK(fractions.back() == 1);
  const HeadSearch stopped =
      train_head(network, make_images(5, 2, 3), 1, [](double done) { return done < 0.3; });
  CHECK(stopped.stopped);
}

TEST_CASE("head training rejects sizes that do not match", "[engine][fit]") {
  Network network = make_network(2);
  ImageFeatures images = make_images(5, 3, 3);  // labels up to 2
  CHECK_THROWS_AS(train_head(network, images, 1), ShapeError);
  images = make_images(5, 2, 3);
  images.labels.pop_back();
  CHECK_THROWS_AS(train_head(network, images, 1), ShapeError);
  images = {};
  CHECK_THROWS_AS(train_head(network, images, 1), ShapeError);
  images = make_images(5, 2, 3);
  images.features.data()[7] = NAN;
  CHECK_THROWS_AS(train_head(network, images, 1), FormatError);
}

TEST_CASE("a head can be trained again as it was selected", "[engine][fit]") {
  Network searched = make_network(3), again = make_network(3);
  const ImageFeatures images = make_images(20, 3, 3);
  const HeadSearch search = train_head(searched, images, 1);
  fit_head(again, images, search.selected, 2);
  const Tensor &a = searched.head_weight().value, &b = again.head_weight().value;
  CHECK(std::equal(a.values().begin(), a.values().end(), b.values().begin()));
  CHECK_THROWS_AS(fit_head(again, images, {.strength = 64, .views = 3}, 1), ShapeError);
}
