#include "engine/train/ranks.h"

#include <cstring>
#include <numeric>

#include "engine/train/micro_batches.h"
#include "tests/support/catch.h"
#include "tests/support/thread_ranks.h"

using namespace fovea;
using fovea::tests::ThreadRanks;

namespace {

// On the threads of ranks, where Catch2 cannot be used.
void expect(bool good, const char* what) {
  if (!good) throw std::logic_error(what);
}

}  // namespace

TEST_CASE("the lanes of the ranks follow each other and cover all lanes", "[engine][train]") {
  for (int lanes = 1; lanes < 10; ++lanes) {
    for (int ranks = 1; ranks < 12; ++ranks) {
      int at = 0, largest = 0, smallest = lanes;
      for (int r = 0; r < ranks; ++r) {
        const IndexRange own = lanes_of_rank(lanes, r, ranks);
        CHECK(own.begin == at);
        at = own.end;
        largest = std::max(largest, own.size());
        if (r < lanes) smallest = std::min(smallest, own.size());
      }
      CHECK(at == lanes);
      CHECK(largest - smallest <= 1);
      CHECK(largest == ceil_div(lanes, std::min(lanes, ranks)));
    }
  }
}

TEST_CASE("all ranks get the bytes of rank 0 and the texts of all", "[engine][train]") {
  for (const int size : {1, 2, 3, 5}) {
    ThreadRanks::run_all(size, [&](Ranks& ranks) {
      for (const std::size_t length : {std::size_t{0}, std::size_t{5}, std::size_t{2500000}}) {
        std::vector<std::uint8_t> bytes;
        std::vector<std::uint8_t> expected(length);
        std::iota(expected.begin(), expected.end(), std::uint8_t{0});
        if (ranks.rank() == 0) bytes = expected;
        broadcast_all(ranks, bytes);
        expect(bytes == expected, "other bytes");
      }
      const std::vector<std::string> texts =
          gather_texts(ranks, std::string(static_cast<std::size_t>(ranks.rank()), 'x'));
      expect(texts.size() == static_cast<std::size_t>(size), "other number of texts");
      for (std::size_t r = 0; r < texts.size(); ++r) {
        expect(texts[r] == std::string(r, 'x'), "another text");
      }
    });
  }
}

TEST_CASE("sums over ranks have the bits of the sum in order", "[engine][train]") {
  // 1e8 + 1 - 1e8 and other sums that depend on the order of the additions.
  const auto term = [](int piece, int rank) {
    const float terms[] = {1e8f, 1.0f, -1e8f, 0.25f, 3e7f};
    return terms[(piece + rank) % 5];
  };
  constexpr int kPieces = 7;
  for (const int size : {1, 2, 3, 5}) {
    for (int active = 1; active <= size; ++active) {
      ThreadRanks::run_all(size, [&](Ranks& ranks) {
        std::vector<float> values(kPieces);
        const auto bytes = [&](int i) {
          return std::span(reinterpret_cast<std::uint8_t*>(&values[static_cast<std::size_t>(i)]),
                           sizeof(float));
        };
        const auto add = [&](int i, std::span<const std::uint8_t> before) {
          float sum = 0;
          if (!before.empty()) std::memcpy(&sum, before.data(), sizeof sum);
          values[static_cast<std::size_t>(i)] = sum + term(i, ranks.rank());
        };
        for (int step = 0; step < 3; ++step) {
          sum_in_rank_order(ranks, active, {kPieces, bytes, add});
          for (int i = 0; i < kPieces; ++i) {
            float expected = 0;
            for (int r = 0; r < active; ++r) expected += term(i, r);
            expect(values[static_cast<std::size_t>(i)] == expected, "another sum");
          }
        }
      });
    }
  }
}
