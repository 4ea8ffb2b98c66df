#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

// Formats a server-sent event. `data` is JSON on one line. With an empty id the event has none, and
// the client's last event id stays.
std::string sse_frame(std::string_view id, std::string_view name, std::string_view data);
// A 200 response with header fields that disable caching and buffering by proxies.
Reply sse_reply(std::shared_ptr<BodyStream> stream);

// Broadcasts live events to all subscribers: job states, model changes, new predictions, audit
// entries. Events are held in memory only. A subscriber that was disconnected for too long or reads
// too slowly gets a `resync` event, after which it should reload the state. Any thread.
class Hub {
 public:
  // The latest `keep` events are replayed to clients that reconnect with a Last-Event-ID. A
  // subscriber with `max_waiting` unread events loses them and gets a resync.
  // Each event of a hub with a project has it as a member "project"; empty: none has.
  explicit Hub(std::string project = {}, std::size_t keep = 256, std::size_t max_waiting = 256);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // `data` is a JSON object on one line.
  void publish(std::string_view name, const std::string& data);
  // Publishes an event of another process; does not call `relay`.
  void publish_from_elsewhere(std::string_view name, const std::string& data);
  // Called by publish() on its thread, after the local subscribers: passes the event on to other
  // processes. Must not throw. Set it before other threads use the hub.
  std::function<void(std::string_view name, const std::string& data)> relay;
  // Adds to a counter that is published as {"count": n} at most once per second.
  void count(const std::string& name, std::uint64_t n);

  // A stream of the events after `last_id` (empty: of future events).
  std::shared_ptr<BodyStream> subscribe(std::string_view last_id);
  // Ends the present streams.
  void end_streams();
  // Ends all streams, including future ones. For the shutdown of the server.
  void close();
  std::size_t subscribers();

 private:
  class Subscription;
  struct SentEvent {
    std::uint64_t number;
    std::string frame;
  };

  std::string id_text(std::uint64_t number) const;
  void publish_counts();

  const std::string run_;  // prefix of the event ids, unique to this run of the server
  const std::string project_;
  const std::size_t keep_, max_waiting_;
  std::mutex mutex_;        // protects the next four
  std::uint64_t last_ = 0;  // number of the newest event
  std::deque<SentEvent> sent_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  bool closed_ = false;

  std::mutex count_mutex_;  // protects the next three; never held together with mutex_
  std::condition_variable count_changed_;
  std::map<std::string, std::uint64_t> counts_;
  bool stopping_ = false;
  std::thread count_publisher_;
};

}  // namespace fovea::server
