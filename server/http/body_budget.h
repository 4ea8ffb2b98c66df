#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace fovea::server {

// The memory that request bodies may take, for all connections together. One client may hold at
// most half of it, apart from a single body, which may take all: a client cannot keep the others
// from sending. Any thread.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes) : total_(bytes), left_(bytes) {}

  // The part of the budget that one body holds. Its destructor gives it back.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { release(); }

    // The client whose body it is, see client_key(); empty: without a limit per client. REQUIRES:
    // nothing was taken yet.
    void set_client(std::string client) { client_ = std::move(client); }
    bool could_grow_to(std::uint64_t bytes) const;
    bool grow_to(std::uint64_t bytes);  // false, and nothing changes, if the budget is too small
    void release();

   private:
    BodyBudget& budget_;
    std::string client_;
    std::uint64_t held_ = 0;
  };

 private:
  bool has_room(const std::string& client, std::uint64_t held, std::uint64_t more) const;

  const std::uint64_t total_;
  mutable std::mutex mutex_;
  std::uint64_t left_;
  std::unordered_map<std::string, std::uint64_t> held_by_;  // of clients that hold something
};

// REQUIRES: mutex_ is locked.
inline bool BodyBudget::has_room(const std::string& client, std::uint64_t held,
                                 std::uint64_t more) const {
  if (more > left_) return false;
  const auto found = held_by_.find(client);
  if (client.empty() || found == held_by_.end() || found->second == held) return true;
  return found->second + more <= total_ / 2;
}

inline bool BodyBudget::Share::could_grow_to(std::uint64_t bytes) const {
  const std::lock_guard lock(budget_.mutex_);
  return bytes <= held_ || budget_.has_room(client_, held_, bytes - held_);
}

inline bool BodyBudget::Share::grow_to(std::uint64_t bytes) {
  if (bytes <= held_) return true;
  const std::uint64_t more = bytes - held_;
  const std::lock_guard lock(budget_.mutex_);
  if (!budget_.has_room(client_, held_, more)) return false;
  budget_.left_ -= more;
  if (!client_.empty()) budget_.held_by_[client_] += more;
  held_ = bytes;
  return true;
}

inline void BodyBudget::Share::release() {
  if (held_ == 0) return;
  const std::lock_guard lock(budget_.mutex_);
  budget_.left_ += held_;
  if (const auto found = budget_.held_by_.find(client_); found != budget_.held_by_.end()) {
    found->second -= held_;
    if (found->second == 0) budget_.held_by_.erase(found);
  }
  held_ = 0;
}

}  // namespace fovea::server
