#include "server/events/hub.h"

#include <charconv>
#include <chrono>
#include <utility>

namespace fovea::server {
namespace {

constexpr std::chrono::seconds kCountInterval{1};

// The start time, unique to this run of the server.
std::string run_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

// The object with the member "project" in front. The name needs no escaping.
std::string with_project(const std::string& object, const std::string& project) {
  if (project.empty() || !object.starts_with('{')) return object;
  const bool more = object != "{}";
  return "{\"project\":\"" + project + '"' + (more ? "," : "") + object.substr(1);
}

}  // namespace

std::string sse_frame(std::string_view id, std::string_view name, std::string_view data) {
  std::string frame;
  if (!id.empty()) frame.append("id: ").append(id).append("\n");
  return frame.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

Reply sse_reply(std::shared_ptr<BodyStream> stream) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/event-stream"},
                  {"Cache-Control", "no-store"},
                  {"X-Accel-Buffering", "no"}};
  reply.stream = std::move(stream);
  return reply;
}

class Hub::Subscription : public BodyStream {
 public:
  Subscription(std::size_t max_waiting, std::string first)
      : max_waiting_(max_waiting), waiting_(std::move(first)) {}

  void next(Ready ready) override {
    std::string bytes;
    bool more = true;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() && !closed_) {
        ready_ = std::move(ready);
        return;
      }
      bytes = take();
      more = !closed_;
    }
    ready(std::move(bytes), more);
  }
  std::string heartbeat() const override { return ":\n\n"; }

  // Queues a frame; `resync` replaces the queue of a subscriber that is too slow. Returns a
  // callback (may be empty) to be called without any lock, because the reader may call next() from
  // it.
  std::function<void()> push(const std::string& frame, const std::string& resync, bool last) {
    const std::lock_guard lock(mutex_);
    if (closed_) return {};
    closed_ = last;
    if (count_ == max_waiting_) {
      waiting_ = resync;
      count_ = 1;
    } else if (!frame.empty()) {
      waiting_ += frame;
      ++count_;
    }
    if (!ready_) return {};
    return [ready = std::exchange(ready_, nullptr), bytes = take(), last] { ready(bytes, !last); };
  }

 private:
  std::string take() {
    count_ = 0;
    return std::exchange(waiting_, {});
  }

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::string waiting_;
  std::size_t count_ = 0;  // frames in waiting_
  Ready ready_;
  bool closed_ = false;
};

Hub::Hub(std::string project, std::size_t keep, std::size_t max_waiting)
    : run_(run_name()),
      project_(std::move(project)),
      keep_(keep),
      max_waiting_(max_waiting),
      count_publisher_([this] { publish_counts(); }) {}

Hub::~Hub() {
  close();
  {
    const std::lock_guard lock(count_mutex_);
    stopping_ = true;
  }
  count_changed_.notify_all();
  count_publisher_.join();
}

std::string Hub::id_text(std::uint64_t number) const {
  return run_ + "-" + std::to_string(number);
}

void Hub::publish(std::string_view name, const std::string& data) {
  publish_from_elsewhere(name, data);
  if (relay) relay(name, data);
}

void Hub::publish_from_elsewhere(std::string_view name, const std::string& data) {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    const std::string id = id_text(++last_);
    const std::string frame = sse_frame(id, name, with_project(data, project_));
    const std::string resync = sse_frame(id, "resync", with_project("{}", project_));
    sent_.push_back({last_, frame});
    if (sent_.size() > keep_) sent_.pop_front();
    std::erase_if(subscriptions_, [&](const std::weak_ptr<Subscription>& weak) {
      const auto reader = weak.lock();
      if (reader) calls.push_back(reader->push(frame, resync, false));
      return !reader;
    });
  }
  for (const auto& call : calls) {
    if (call) call();
  }
}

void Hub::count(const std::string& name, std::uint64_t n) {
  bool first = false;
  {
    const std::lock_guard lock(count_mutex_);
    first = counts_.empty();
    counts_[name] += n;
  }
  if (first) count_changed_.notify_one();  // later counts are collected by the same round
}

void Hub::publish_counts() {
  std::unique_lock lock(count_mutex_);
  while (true) {
    count_changed_.wait(lock, [this] { return stopping_ || !counts_.empty(); });
    if (stopping_) return;
    const auto counts = std::exchange(counts_, {});
    lock.unlock();
    for (const auto& [name, n] : counts) {
      publish(name, "{\"count\":" + std::to_string(n) + "}");
    }
    lock.lock();
    count_changed_.wait_for(lock, kCountInterval, [this] { return stopping_; });
  }
}

std::shared_ptr<BodyStream> Hub::subscribe(std::string_view last_id) {
  const std::lock_guard lock(mutex_);
  std::string first = "retry: 2000\n\n";
  std::uint64_t after = last_;
  if (!last_id.empty()) {
    // Resume after an id of this run whose successors are all still in sent_; else resync.
    const std::string prefix = run_ + "-";
    const bool same_run = last_id.starts_with(prefix);
    std::uint64_t number = 0;
    const std::string_view digits = same_run ? last_id.substr(prefix.size()) : std::string_view();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const std::uint64_t oldest = sent_.empty() ? last_ + 1 : sent_.front().number;
    if (same_run && error == std::errc() && end == digits.data() + digits.size() &&
        number <= last_ && number + 1 >= oldest) {
      after = number;
    } else {
      first += sse_frame(id_text(last_), "resync", with_project("{}", project_));
    }
  }
  for (const SentEvent& event : sent_) {
    if (event.number > after) first += event.frame;
  }
  auto subscription = std::make_shared<Subscription>(max_waiting_, std::move(first));
  if (closed_) {
    subscription->push({}, {}, true);
  } else {
    subscriptions_.push_back(subscription);
  }
  return subscription;
}

void Hub::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  end_streams();
}

void Hub::end_streams() {
  std::vector<std::weak_ptr<Subscription>> readers;
  {
    const std::lock_guard lock(mutex_);
    readers.swap(subscriptions_);
  }
  for (const auto& weak : readers) {
    if (const auto reader = weak.lock()) {
      if (const auto call = reader->push({}, {}, true)) call();
    }
  }
}

std::size_t Hub::subscribers() {
  const std::lock_guard lock(mutex_);
  std::erase_if(subscriptions_, [](const auto& weak) { return weak.expired(); });
  return subscriptions_.size();
}

}  // namespace fovea::server
