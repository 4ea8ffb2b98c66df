#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

// One server-sent event. `data` is one line (JSON); without an id the reader's last id stays.
std::string sse_frame(std::string_view id, std::string_view name, std::string_view data);
// 200 with the fields that keep an event stream from being stored or held back on its way.
Reply sse_reply(std::shared_ptr<BodyStream> stream);

// What happens now, for everyone who watches: job states, model changes, new predictions, the audit
// log. Nothing is on the disk here; a reader that came late or was too slow gets a `resync` event
// and asks for the state anew. Any thread.
class Hub {
 public:
  // `keep` events are held for readers that come back with a Last-Event-ID; a reader that has
  // `max_waiting` events unread loses them.
  explicit Hub(std::size_t keep = 256, std::size_t max_waiting = 256);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // `data` is JSON in one line.
  void publish(std::string_view name, const std::string& data);
  // Told at most once a second, as {"count": n} summed up.
  void count(const std::string& name, std::uint64_t n);

  // Everything after the event of that id (empty: from now on).
  std::shared_ptr<BodyStream> subscribe(std::string_view last_id);
  // Ends all streams, and those that begin later: the server stops.
  void close();
  std::size_t subscribers();

 private:
  class Subscription;
  struct Kept {
    std::uint64_t number;
    std::string frame;
  };

  std::string id_text(std::uint64_t number) const;
  void tell_counts();

  const std::string run_;  // tells this run's ids from those of an earlier one
  const std::size_t keep_, max_waiting_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::deque<Kept> kept_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  bool closed_ = false;

  std::mutex count_mutex_;
  std::condition_variable counted_;
  std::map<std::string, std::uint64_t> counts_;
  bool stopping_ = false;
  std::thread teller_;
};

}  // namespace fovea::server
