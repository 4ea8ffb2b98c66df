#include "engine/transfer/feature_cache.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

const std::string kKey(64, 'a');

ImageRecord image(std::uint8_t first) {
  ImageRecord record;
  record.hash[0] = first;
  return record;
}

}  // namespace

TEST_CASE("features are found again after they were saved", "[engine][transfer]") {
  const TemporaryFolder folder;
  const ImageRecord a = image(1), b = image(2), removed = image(3);
  {
    FeatureCache cache(folder.path(), kKey, 3);
    CHECK(cache.problem().empty());
    CHECK(cache.find(a.hash) == nullptr);
    cache.add(a.hash, {1, 2, 3});
    cache.add(b.hash, {4, 5, 6});
    cache.add(removed.hash, {7, 8, 9});
    cache.save({&a, &b});
  }
  const FeatureCache cache(folder.path(), kKey, 3);
  CHECK(cache.problem().empty());
  REQUIRE(cache.find(b.hash) != nullptr);
  CHECK(cache.find(b.hash)[2] == 6);
  CHECK(cache.find(a.hash)[0] == 1);
  CHECK(cache.find(removed.hash) == nullptr);
}

TEST_CASE("a damaged file of features is not used", "[engine][transfer]") {
  const TemporaryFolder folder;
  const ImageRecord a = image(1);
  FeatureCache cache(folder.path(), kKey, 2);
  cache.add(a.hash, {1, 2});
  cache.save({&a});
  const auto path = folder.path() / kKey.substr(0, 16);
  const std::vector<std::uint8_t> good = read_file(path);
  for (std::size_t length = 0; length < good.size(); ++length) {
    write_file_atomically(path, std::span(good).first(length));
    const FeatureCache read(folder.path(), kKey, 2);
    CHECK_FALSE(read.problem().empty());
    CHECK(read.find(a.hash) == nullptr);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<std::uint8_t> bytes = good;
    bytes[i] ^= 0x40;
    write_file_atomically(path, bytes);
    CHECK(FeatureCache(folder.path(), kKey, 2).find(a.hash) == nullptr);
  }
  write_file_atomically(path, good);
  CHECK(FeatureCache(folder.path(), kKey, 2).find(a.hash) != nullptr);
  CHECK_FALSE(FeatureCache(folder.path(), kKey, 3).problem().empty());  // another width
  const std::string other = kKey.substr(0, 63) + "b";
  CHECK_FALSE(FeatureCache(folder.path(), other, 2).problem().empty());  // another network
}

TEST_CASE("features of the wrong size are rejected", "[engine][transfer]") {
  const TemporaryFolder folder;
  FeatureCache cache(folder.path(), kKey, 2);
  CHECK_THROWS_AS(cache.add(image(1).hash, {1, 2, 3}), ShapeError);
}
