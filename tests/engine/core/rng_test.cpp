#include "engine/core/rng.h"

#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("Philox gives the published known-answer vectors", "[engine][core]") {
  // Known-answer vectors of the authors' Random123 library, philox4x32-10.
  const auto zero = Rng::block(0, 0, 0);
  CHECK(zero[0] == 0x6627e8d5u);
  CHECK(zero[1] == 0xe169c58du);
  CHECK(zero[2] == 0xbc57ac4cu);
  CHECK(zero[3] == 0x9b00dbd8u);
  const std::uint64_t all = ~std::uint64_t{0};
  const auto ones = Rng::block(all, all, all);
  CHECK(ones[0] == 0x408f276du);
  CHECK(ones[1] == 0x41c83b0eu);
  CHECK(ones[2] == 0xa20bc7c6u);
  CHECK(ones[3] == 0x6d5451fdu);
}

TEST_CASE("the n-th random number depends only on seed and stream and n", "[engine][core]") {
  Rng a(7, 3), b(7, 3);
  for (int i = 0; i < 5; ++i) a.next_u32();
  for (int i = 0; i < 5; ++i) b.next_u32();
  CHECK(a.next_u32() == b.next_u32());
  CHECK(Rng(7).split(1).next_u32() != Rng(7).split(2).next_u32());
  CHECK(Rng(7).split(1).next_u32() != Rng(8).split(1).next_u32());
}

TEST_CASE("below() is uniform", "[engine][core]") {
  Rng rng(1);
  int counts[7] = {};
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  for (int count : counts) CHECK(std::abs(count - 10000) < 400);
}

TEST_CASE("normal() has mean 0 and variance 1", "[engine][core]") {
  Rng rng(2);
  double sum = 0, squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / kCount) < 0.01);
  CHECK(std::abs(squares / kCount - 1) < 0.02);
}

TEST_CASE("blocks() equals block() for each counter including a carry", "[engine][core]") {
  const Rng rng(11, 12);
  for (std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffff8}}) {
    std::uint32_t together[4 * Rng::kBlocks];
    rng.blocks(first, together);
    for (int i = 0; i < Rng::kBlocks; ++i) {
      const auto alone = Rng::block(11, 12, first + static_cast<std::uint64_t>(i));
      for (int j = 0; j < 4; ++j) CHECK(together[j * Rng::kBlocks + i] == alone[j]);
    }
  }
}
