#include "engine/train/checkpoint.h"

#include <cmath>
#include <limits>

#include "engine/core/byte_io.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

std::vector<std::uint8_t> example() {
  std::vector<Tensor> tensors;
  tensors.emplace_back(Shape{1, 2, 1, 3});
  tensors.emplace_back(Shape{0, 2, 1, 3});
  for (int i = 0; i < 6; ++i) tensors[0].data()[i] = 0.1f * static_cast<float>(i);
  CheckpointView view;
  view.texts = {{"epoch", "12"}, {"loss", exact_text(0.1)}, {"recipe", "lr=1\nbatch=2\n"}};
  view.add_arrays("value.", tensors);
  return write_checkpoint(view);
}

// Makes the digest valid, as an attacker could.
void set_digest(std::vector<std::uint8_t>& bytes) {
  Sha256 sha;
  sha.update(std::span(bytes).first(bytes.size() - 32));
  const auto digest = sha.digest();
  std::copy(digest.begin(), digest.end(), bytes.end() - 32);
}

}  // namespace

TEST_CASE("a checkpoint survives writing and reading", "[engine][train]") {
  Checkpoint checkpoint = read_checkpoint(example());
  CHECK(checkpoint.integer("epoch") == 12);
  CHECK(checkpoint.real("loss") == 0.1);
  CHECK(checkpoint.text("recipe") == "lr=1\nbatch=2\n");
  const std::vector<Tensor> tensors = checkpoint.take_arrays("value.");
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].shape() == Shape{1, 2, 1, 3});
  CHECK(tensors[0].data()[5] == 0.1f * 5);
  CHECK(tensors[1].empty());
  CHECK(checkpoint.take_arrays("value.").empty());
}

TEST_CASE("checkpoint numbers survive as text including infinity", "[engine][train]") {
  for (const double value : {0.1, 1.0 / 3, -1e-300, std::numeric_limits<double>::infinity()}) {
    Checkpoint checkpoint;
    checkpoint.texts["x"] = exact_text(value);
    CHECK(checkpoint.real("x") == value);
  }
}

TEST_CASE("missing and malformed checkpoint entries are named", "[engine][train]") {
  const Checkpoint checkpoint = read_checkpoint(example());
  CHECK_THROWS_WITH(checkpoint.integer("step"), ContainsSubstring("step"));
  CHECK_THROWS_WITH(checkpoint.integer("recipe"), ContainsSubstring("recipe"));
}

TEST_CASE("every truncation and every flipped byte of a checkpoint is rejected",
          "[engine][train]") {
  const std::vector<std::uint8_t> good = example();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(read_checkpoint(std::span(good).first(size)), FormatError);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<std::uint8_t> bad = good;
    bad[i] ^= 0x40;
    CHECK_THROWS_AS(read_checkpoint(bad), FormatError);
  }
}

TEST_CASE("an empty checkpoint array with sizes out of range is rejected", "[engine][train]") {
  ByteWriter bytes;
  bytes.bytes("FOVEACKP", 8);
  for (const std::uint64_t number : {1, 0, 1}) bytes.number(number, 4);  // version, texts, arrays
  bytes.text("a", 4);
  for (const std::uint64_t side : {65536, 196608, 0, 16128}) bytes.number(side, 4);
  const std::vector<std::uint8_t> file = bytes.take_with_digest();
  CHECK_THROWS_WITH(read_checkpoint(file), ContainsSubstring("out of range"));
  CHECK_THROWS_AS(read_checkpoint(file), FormatError);
}

TEST_CASE("a forged checkpoint with a valid digest and changed lengths does not crash",
          "[engine][train]") {
  const std::vector<std::uint8_t> good = example();
  for (std::size_t i = 8; i < good.size() - 32; ++i) {
    for (const std::uint8_t byte : {0x00, 0x7f, 0xff}) {
      std::vector<std::uint8_t> bad = good;
      bad[i] = byte;
      set_digest(bad);
      try {
        read_checkpoint(bad);  // some changes are valid: a letter, a weight
      } catch (const FormatError&) {
      }
    }
  }
  std::vector<std::uint8_t> bad = good;
  bad[8] = 99;
  set_digest(bad);
  CHECK_THROWS_WITH(read_checkpoint(bad), ContainsSubstring("version 99"));
}
