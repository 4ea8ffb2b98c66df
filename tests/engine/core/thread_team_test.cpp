#include "engine/core/thread_team.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

using namespace fovea;

namespace {

// How often each index ran, when `threads` of the team share `count` of them.
std::vector<int> runs(ThreadTeam& team, int count, int threads) {
  std::vector<std::atomic<int>> times(static_cast<std::size_t>(count));
  team.run(count, threads, [&](int index, int) { ++times[index]; });
  return {times.begin(), times.end()};
}

}  // namespace

TEST_CASE("every index runs exactly once for any number of threads and indices", "[engine][core]") {
  for (const int size : {1, 2, 3, 8}) {
    ThreadTeam team(size);
    REQUIRE(team.size() == size);
    for (const int count : {0, 1, 2, 7, 1000}) {
      for (const int threads : {1, 2, 3, 100}) {
        CHECK(runs(team, count, threads) == std::vector<int>(count, 1));
      }
    }
  }
}

TEST_CASE("a team without threads runs on the caller", "[engine][core]") {
  for (const int size : {-1, 0, 1}) {
    ThreadTeam team(size);
    CHECK(team.size() == 1);
    const auto caller = std::this_thread::get_id();
    team.run(5, 4, [&](int, int thread) {
      CHECK(thread == 0);
      CHECK(std::this_thread::get_id() == caller);
    });
  }
}

TEST_CASE("each thread has its own number below the requested count", "[engine][core]") {
  ThreadTeam team(4);
  for (const int wanted : {2, 3, 4}) {
    std::vector<int> numbers(static_cast<std::size_t>(wanted), -1);
    std::atomic<int> arrived{0};
    team.run(wanted, wanted, [&](int index, int thread) {
      numbers[static_cast<std::size_t>(index)] = thread;
      ++arrived;
      while (arrived < wanted) std::this_thread::yield();  // so each thread has one index
    });
    std::sort(numbers.begin(), numbers.end());
    for (int i = 0; i < wanted; ++i) CHECK(numbers[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("a loop whose indices wait for each other finishes", "[engine][core]") {
  ThreadTeam team(3);
  std::atomic<int> arrived{0};
  team.run(3, 3, [&](int, int) {
    ++arrived;
    while (arrived < 3) std::this_thread::yield();
  });
  CHECK(arrived == 3);
}

TEST_CASE("thousands of short loops in a row all complete", "[engine][core]") {
  ThreadTeam team(4);
  long sum = 0;
  for (int loop = 0; loop < 5000; ++loop) {
    std::vector<int> parts(static_cast<std::size_t>(1 + loop % 5));
    team.run(static_cast<int>(parts.size()), 1 + loop % 4,
             [&](int index, int) { parts[index] = 1; });
    sum += std::accumulate(parts.begin(), parts.end(), 0L);
  }
  CHECK(sum == 15'000);
}

TEST_CASE("an exception reaches the caller and the team remains usable", "[engine][core]") {
  ThreadTeam team(3);
  for (int i = 0; i < 200; ++i) {
    std::string text;
    try {
      team.run(100, 3, [&](int index, int) {
        if (index >= i % 100) throw std::runtime_error("index " + std::to_string(index));
      });
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    CHECK(text.starts_with("index "));
    CHECK(runs(team, 50, 3) == std::vector<int>(50, 1));
  }
}

TEST_CASE("after an exception no further index is started", "[engine][core]") {
  ThreadTeam team(2);
  std::atomic<int> begun{0};
  CHECK_THROWS(team.run(1'000'000, 2, [&](int, int) {
    ++begun;
    throw std::runtime_error("no");
  }));
  CHECK(begun <= 2);
}

TEST_CASE("a nested loop runs completely on its own thread", "[engine][core]") {
  ThreadTeam team(3);
  std::atomic<int> inner{0};
  team.run(20, 3, [&](int, int) {
    const auto here = std::this_thread::get_id();
    team.run(10, 3,
             [&](int, int thread) { inner += thread == 0 && std::this_thread::get_id() == here; });
  });
  CHECK(inner == 200);
}

TEST_CASE("concurrent loops of several callers all complete", "[engine][core]") {
  ThreadTeam team(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 300; ++i) wrong += runs(team, 20, 3) != std::vector<int>(20, 1);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}
