#include "server/jobs/job_turns.h"

#include <atomic>
#include <optional>
#include <thread>

#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

TEST_CASE("queues take turns with one job at a time", "[server][jobs]") {
  JobTurns turns;
  std::atomic<int> running{0}, most{0};
  std::string order;  // changed by the queue whose turn it is
  std::optional<JobTurns::Turn> first;
  first.emplace(turns.wait({}));  // both queues wait meanwhile
  const auto queue = [&](char name) {
    for (int job = 0; job < 20; ++job) {
      const JobTurns::Turn turn = turns.wait({});
      most = std::max(most.load(), ++running);
      order += name;
      std::this_thread::sleep_for(2ms);
      --running;
    }
  };
  std::jthread a(queue, 'a');
  std::this_thread::sleep_for(20ms);
  std::jthread b(queue, 'b');
  std::this_thread::sleep_for(20ms);
  first.reset();
  a.join();
  b.join();
  CHECK(most == 1);
  // The other queue asks again while the first one runs its job, so it is next.
  CHECK(order.substr(0, 8) == "abababab");
}

TEST_CASE("a queue that stops gives up its place", "[server][jobs]") {
  JobTurns turns;
  std::optional<JobTurns::Turn> first;
  first.emplace(turns.wait({}));
  std::stop_source stop;
  std::jthread stopped([&] { CHECK_FALSE(turns.wait(stop.get_token())); });
  std::this_thread::sleep_for(20ms);
  std::atomic<bool> done{false};
  std::jthread next([&] { done = static_cast<bool>(turns.wait({})); });
  std::this_thread::sleep_for(20ms);
  stop.request_stop();
  stopped.join();
  CHECK_FALSE(done);
  first.reset();
  next.join();
  CHECK(done);
}

}  // namespace
}  // namespace fovea::tests
