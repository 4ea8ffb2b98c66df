#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/error.h"
#include "engine/train/ranks.h"

namespace fovea::tests {

// Threads of one process as ranks. A rank whose function ended is lost for the others.
class ThreadRanks {
 public:
  // Runs body(ranks) on `size` threads. Rank `ending` throws instead of sending its message number
  // `ends_at` (from 0). Returns the exception of each rank, null if it had none.
  using Body = std::function<void(Ranks&)>;
  static std::vector<std::exception_ptr> run(int size, const Body& body, int ending = -1,
                                             int ends_at = 0) {
    ThreadRanks shared(size, ending, ends_at);
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (int r = 0; r < size; ++r) {
      threads.emplace_back([&, r] {
        Endpoint endpoint(shared, r);
        try {
          body(endpoint);
        } catch (...) {
          errors[static_cast<std::size_t>(r)] = std::current_exception();
        }
        shared.end(r);
      });
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }
  // As run(), and throws the first exception.
  static void run_all(int size, const Body& body) {
    for (const std::exception_ptr& error : run(size, body)) {
      if (error) std::rethrow_exception(error);
    }
  }

 private:
  using Bytes = std::vector<std::uint8_t>;
  struct Killed {};

  class Endpoint : public Ranks {
   public:
    Endpoint(ThreadRanks& shared, int rank) : shared_(shared), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return shared_.size_; }
    void start_send(int to, std::span<const std::uint8_t> bytes) override {
      if (rank_ == shared_.ending_ && sent_++ == shared_.ends_at_) throw Killed{};
      pending_.push_back({to, bytes});
      // Delivered later than it was started, as MPI may: every second message waits for the next.
      if (pending_.size() == 2) finish_sends();
    }
    void receive(int from, std::span<std::uint8_t> bytes) override {
      finish_sends();
      std::unique_lock lock(shared_.mutex_);
      auto& queue = shared_.messages_[{from, rank_}];
      shared_.changed_.wait(lock, [&] { return !queue.empty() || shared_.ended_[from]; });
      if (queue.empty()) throw RankLost("rank " + std::to_string(from) + " is lost");
      if (queue.front().size() != bytes.size()) {
        throw std::logic_error("a message has " + std::to_string(queue.front().size()) +
                               " bytes, not " + std::to_string(bytes.size()));
      }
      std::copy(queue.front().begin(), queue.front().end(), bytes.begin());
      queue.pop_front();
    }
    void finish_sends() override {
      const std::lock_guard lock(shared_.mutex_);
      for (const auto& [to, bytes] : pending_) {
        shared_.messages_[{rank_, to}].emplace_back(bytes.begin(), bytes.end());
      }
      pending_.clear();
      shared_.changed_.notify_all();
    }

   private:
    struct Pending {
      int to;
      std::span<const std::uint8_t> bytes;
    };
    ThreadRanks& shared_;
    int rank_;
    int sent_ = 0;
    std::vector<Pending> pending_;
  };

  ThreadRanks(int size, int ending, int ends_at)
      : size_(size), ending_(ending), ends_at_(ends_at) {}
  void end(int rank) {
    const std::lock_guard lock(mutex_);
    ended_[rank] = true;
    changed_.notify_all();
  }

  const int size_, ending_, ends_at_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::map<std::pair<int, int>, std::deque<Bytes>> messages_;  // by {from, to}
  std::map<int, bool> ended_;
};

}  // namespace fovea::tests
