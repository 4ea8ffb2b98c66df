#include "engine/data/split.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

std::vector<SplitRequest> requests(const std::string& class_name, int count,
                                   std::optional<Split> split = {}) {
  std::vector<SplitRequest> all;
  for (int i = 0; i < count; ++i) {
    const std::string text = class_name + std::to_string(i);
    Sha256 sha;
    sha.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    all.push_back({sha.digest(), class_name, split});
  }
  return all;
}

std::vector<SplitRequest> operator+(std::vector<SplitRequest> a, std::vector<SplitRequest> b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

int count(const std::vector<Split>& splits, Split split) {
  return static_cast<int>(std::count(splits.begin(), splits.end(), split));
}

}  // namespace

TEST_CASE("each class is split 80 to 10 to 10", "[engine][data]") {
  const auto both = requests("cat", 100) + requests("dog", 40);
  const auto splits = assign_splits(both, {}, 0.1);
  const std::vector<Split> cats(splits.begin(), splits.begin() + 100);
  const std::vector<Split> dogs(splits.begin() + 100, splits.end());
  CHECK(count(cats, Split::test) == 10);
  CHECK(count(cats, Split::val) == 10);
  CHECK(count(dogs, Split::test) == 4);
  CHECK(count(dogs, Split::val) == 4);
}

TEST_CASE("splits do not depend on the order of the requests", "[engine][data]") {
  auto all = requests("cat", 50) + requests("dog", 50);
  std::map<ContentHash, Split> before;
  const auto splits = assign_splits(all, {}, 0.1);
  for (std::size_t i = 0; i < all.size(); ++i) before[all[i].hash] = splits[i];
  std::reverse(all.begin(), all.end());
  const auto reversed = assign_splits(all, {}, 0.1);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(reversed[i] == before[all[i].hash]);
}

TEST_CASE("splits of the source are kept and a missing val is taken from train", "[engine][data]") {
  const auto train = requests("cat", 200, Split::train), test = requests("cot", 50, Split::test);
  const auto splits = assign_splits(train + test, {}, 0.1);
  CHECK(count({splits.begin(), splits.begin() + 200}, Split::val) == 20);
  CHECK(count({splits.begin(), splits.begin() + 200}, Split::train) == 180);
  CHECK(count({splits.begin() + 200, splits.end()}, Split::test) == 50);
  CHECK(count(assign_splits(train + test, {}, 0), Split::val) == 0);
}

TEST_CASE("a source with validation images keeps all of its train images", "[engine][data]") {
  const auto all = requests("cat", 200, Split::train) + requests("dog", 5, Split::val);
  const auto splits = assign_splits(all, {}, 0.1);
  CHECK(count(splits, Split::train) == 200);
  CHECK(count(splits, Split::val) == 5);
}

TEST_CASE("in a known class the hash alone decides the split of an image", "[engine][data]") {
  const auto many = requests("cat", 2000);
  const auto splits = assign_splits(many, {"cat"}, 0.1);
  CHECK(count(splits, Split::test) > 150);
  CHECK(count(splits, Split::test) < 250);
  CHECK(count(splits, Split::val) > 150);
  CHECK(count(splits, Split::val) < 250);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(assign_splits({many[i]}, {"cat"}, 0.1)[0] == splits[i]);
  }
}

TEST_CASE("a class with few images is assigned to train", "[engine][data]") {
  CHECK(count(assign_splits(requests("cat", 4), {}, 0.1), Split::train) == 4);
  CHECK(count(assign_splits(requests("cat", 5), {}, 0.1), Split::train) == 3);
}

TEST_CASE("invalid split fractions are rejected", "[engine][data]") {
  CHECK_THROWS_AS(assign_splits({}, {}, 1.0), ConfigError);
  CHECK_THROWS_AS(assign_splits({}, {}, -0.1), ConfigError);
  CHECK_THROWS_AS(assign_splits({}, {}, 0.1, {0.6, 0.5}), ConfigError);
}
