#include "engine/data/training_set.h"

#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_writer.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

Image flat(int width, int height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) image.rgb.insert(image.rgb.end(), {r, g, b});
  return image;
}

// Four images, added in the reverse order of their hashes.
Dataset example(const TemporaryFolder& folder) {
  DatasetWriter writer(folder.path());
  const Split splits[] = {Split::train, Split::val, Split::train, Split::test};
  const Image images[] = {flat(4, 4, 10, 20, 30), flat(4, 4, 1, 1, 1), flat(8, 4, 50, 100, 200),
                          flat(4, 4, 2, 2, 2)};
  for (int i = 0; i < 4; ++i) {
    ContentHash hash{};
    hash[0] = static_cast<std::uint8_t>(9 - i);
    writer.add(hash, std::to_string(i), images[i]);
    writer.added().back().label = i % 3;
    writer.added().back().split = splits[i];
  }
  writer.commit({"a", "b", "c"});
  return Dataset::open(folder.path());
}

}  // namespace

TEST_CASE("a training set contains the images of its splits sorted by content hash",
          "[engine][data]") {
  const TemporaryFolder folder;
  const TrainingSet set = load_training_set(example(folder), {Split::train}, 4, Fit::crop);
  REQUIRE(set.count() == 2);
  CHECK(set.labels == std::vector<int>{2, 0});
  CHECK(set.classes == std::vector<std::string>{"a", "b", "c"});
  CHECK(set.pixels.size() == 2 * 4 * 4 * 3);
  CHECK(int(set.image(0)[0]) == 50);
  CHECK(int(set.image(1)[2]) == 30);
  const TemporaryFolder other;
  CHECK(load_training_set(example(other), {Split::train, Split::val}, 2, Fit::stretch).labels ==
        std::vector<int>{2, 1, 0});
}

TEST_CASE("channel statistics are those of values divided by 255", "[engine][data]") {
  TrainingSet set{1, {0, 51, 7, 255, 51, 7}, {0, 0}, {"a"}};
  std::array<float, 3> mean{}, std{};
  channel_statistics(set, mean, std);
  CHECK(mean[0] == Approx(0.5));
  CHECK(mean[1] == Approx(0.2));
  CHECK(std[0] == Approx(0.5));
  CHECK(std[1] == Approx(0.001));  // one colour: the floor
  CHECK_THROWS_AS(channel_statistics(TrainingSet{}, mean, std), ShapeError);
}

TEST_CASE("padding with the mean of the images keeps the mean", "[engine][data]") {
  const TemporaryFolder folder;
  const TrainingSet set = load_training_set(example(folder), {Split::train}, 8, Fit::pad);
  // 64 pixels of (10, 20, 30), and 32 of (50, 100, 200) in a square of 64.
  const double red = (64 * 10 + 32 * 50) / 96.0;
  CHECK(double(set.image(0)[0]) == Approx(red).margin(0.5));  // a padded corner
  std::array<float, 3> mean{}, std{};
  channel_statistics(set, mean, std);
  CHECK(mean[0] * 255 == Approx(red).margin(0.2));
}

TEST_CASE("padding uses the given colour", "[engine][data]") {
  const TemporaryFolder folder;
  const TrainingSet set = load_training_set(example(folder), {Split::train}, 8, Fit::pad,
                                            std::array<float, 3>{1, 0, 0.2f});
  CHECK(int(set.image(0)[0]) == 255);
  CHECK(int(set.image(0)[1]) == 0);
  CHECK(int(set.image(0)[2]) == 51);
}

TEST_CASE("a training set size below one is rejected", "[engine][data]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(load_training_set(example(folder), {Split::train}, 0, Fit::crop), ShapeError);
}
