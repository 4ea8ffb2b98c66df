#include "server/serve/batcher.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// CPU time of this thread, which does not pass while other threads have the processor.
double cpu_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// Decoding for one micro-batch: after this much CPU time the remaining images return to the queue.
constexpr double kDecodeMs = 20;
constexpr int kLargePriority = 5;  // nice value of the threads for large images

// Ends the decoding of an image that belongs to the threads for large ones.
struct TooLarge {};

void fail(Prediction& prediction, Prediction::Status status, const char* error) {
  prediction.status = status;
  prediction.error = error;
}

}  // namespace

// Reused for every micro-batch, so that a steady load allocates little.
struct Batcher::Buffers {
  Scratch scratch;
  Tensor inputs;
  Tensor probabilities;
  Tensor distances;
  std::vector<Tensor> prepared;          // network inputs {1, h, w, c}
  std::vector<Prediction*> predictions;  // that `prepared` is for
  std::vector<char> explain;             // whether the request needs the map of that image
};

// Decodes and preprocesses one image, unless its deadline has passed. False: nothing was done,
// because the image is large.
bool Batcher::prepare(const Item& item, Buffers& buffers, bool any_size) {
  PredictTask& task = *item.request->task;
  Prediction& prediction = task.predictions[item.index];
  const auto start = Clock::now();
  prediction.timing.queue = milliseconds(item.request->queued, start);
  if (start > task.deadline) {
    fail(prediction, Prediction::Status::late, "the deadline passed in the queue");
    return true;
  }
  try {
    DecodeLimits limits;
    if (!any_size) {
      limits.on_size = [](std::int64_t pixels) {
        if (pixels > kSmallImage) throw TooLarge();
      };
    }
    buffers.prepared.push_back(
        task.model->classifier.prepare(task.images[item.index].bytes, limits));
    buffers.predictions.push_back(&prediction);
    buffers.explain.push_back(task.explain);
  } catch (const TooLarge&) {
    return false;
  } catch (const FormatError& error) {
    fail(prediction, Prediction::Status::bad_image, error.what());
  } catch (const std::exception& error) {
    fail(prediction, Prediction::Status::failed, error.what());
    task.model->record.image_failed();
  }
  prediction.timing.decode = milliseconds(start, Clock::now());
  return true;
}

// Runs the network once for all prepared images.
void Batcher::classify(const ServedModel& served, Buffers& buffers) {
  if (buffers.predictions.empty()) return;
  const Classifier& classifier = served.classifier;
  const auto start = Clock::now();
  try {
    Shape shape = buffers.prepared.front().shape();
    shape.n = static_cast<int>(buffers.predictions.size());
    buffers.inputs.resize(shape);
    for (int i = 0; i < shape.n; ++i) {
      const auto values = buffers.prepared[i].values();
      std::copy(values.begin(), values.end(), buffers.inputs.image(i));
    }
    const double cpu_start = cpu_milliseconds();
    classifier.predict(buffers.inputs, buffers.probabilities, buffers.scratch, &buffers.distances);
    const double cpu_ms = cpu_milliseconds() - cpu_start;
    const std::size_t classes = classifier.classes().size();
    const double ms = milliseconds(start, Clock::now());
    for (int i = 0; i < shape.n; ++i) {
      const Scalar* row = buffers.probabilities.image(i);
      Prediction& prediction = *buffers.predictions[i];
      prediction.probabilities.assign(row, row + classes);
      if (!buffers.distances.empty()) prediction.distance = buffers.distances.data()[i];
      if (buffers.explain[i]) {
        prediction.activation_map = classifier.explain(
            buffers.prepared[i], buffers.probabilities.argmax(i), buffers.scratch);
      }
      prediction.timing.compute = ms;
      served.record.image_classified(cpu_ms / shape.n);
    }
  } catch (const std::exception& error) {
    for (Prediction* prediction : buffers.predictions) {
      fail(*prediction, Prediction::Status::failed, error.what());
      served.record.image_failed();
    }
  }
}

Batcher::Batcher(int threads, std::size_t max_queue) : max_per_kind_((max_queue + 1) / 2) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    threads_.emplace_back([this] { run_large(); });
  }
}

void Batcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  large_changed_.notify_all();
  threads_.clear();
  requests_.clear();
  large_.clear();
}

bool Batcher::submit(std::shared_ptr<PredictTask> task, std::function<void()> done) {
  const std::size_t count = task->images.size();
  task->predictions.resize(count);
  std::shared_ptr<Request> request(
      new Request{std::move(task), std::move(done), Clock::now(), {count}});
  {
    const std::lock_guard lock(mutex_);
    std::size_t& waiting = waiting_of_kind(count);
    if (waiting != 0 && waiting + count > max_per_kind_) return false;
    waiting += count;
    requests_.push_back(std::move(request));
  }
  count == 1 ? changed_.notify_one() : changed_.notify_all();
  return true;
}

std::size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return singles_ + batched_;
}

// Waits for images and takes this thread's share of them. False: the batcher is stopping.
bool Batcher::take(std::vector<Item>& batch) {
  std::unique_lock lock(mutex_);
  ++idle_;
  changed_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
  --idle_;
  if (stopping_) return false;
  // Leave images for the other idle threads.
  const std::size_t share = (singles_ + batched_ + idle_) / (idle_ + 1);
  take_in_turn(batch, std::min(share, kMicroBatch));
  return true;
}

// Takes one image of each request in turn, for the model of the first request.
void Batcher::take_in_turn(std::vector<Item>& batch, std::size_t limit) {
  const auto model = requests_.front()->task->model;
  std::size_t skipped = 0;  // requests for other models stay in front, so they are next
  while (batch.size() < limit && skipped < requests_.size()) {
    if (requests_[skipped]->task->model != model) {
      ++skipped;
      continue;
    }
    std::shared_ptr<Request> request = std::move(requests_[skipped]);
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(skipped));
    --waiting_of_kind(request->count());
    std::size_t index = request->next;
    if (request->returned.empty()) {
      ++request->next;
    } else {
      index = request->returned.back();
      request->returned.pop_back();
    }
    request->in_queue = request->has_waiting();
    if (request->in_queue) requests_.push_back(request);
    batch.push_back({std::move(request), index});
  }
}

// Images that another turn of their request has to take.
void Batcher::give_back(std::span<const Item> items) {
  if (items.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (const Item& item : items) {
      ++waiting_of_kind(item.request->count());
      item.request->returned.push_back(item.index);
      if (!item.request->in_queue) requests_.push_back(item.request);
      item.request->in_queue = true;
    }
  }
  changed_.notify_all();
}

void Batcher::give_to_large(Item item) {
  {
    const std::lock_guard lock(mutex_);
    ++waiting_of_kind(item.request->count());
    large_.push_back(std::move(item));
  }
  large_changed_.notify_one();
}

// Waits for a large image, and takes one of another request than the last if there is one. False:
// the batcher is stopping.
bool Batcher::take_large(Item& item) {
  std::unique_lock lock(mutex_);
  large_changed_.wait(lock, [this] { return stopping_ || !large_.empty(); });
  if (stopping_) return false;
  auto next = std::find_if(large_.begin(), large_.end(), [&](const Item& waiting) {
    return waiting.request.get() != last_large_;
  });
  if (next == large_.end()) next = large_.begin();
  item = std::move(*next);
  large_.erase(next);
  last_large_ = item.request.get();
  --waiting_of_kind(item.request->count());
  return true;
}

void Batcher::run() {
  Buffers buffers;
  std::vector<Item> batch;
  std::vector<Item> prepared;
  while (take(batch)) {
    const double start = cpu_milliseconds();
    std::size_t next = 0;
    while (next < batch.size() && (next == 0 || cpu_milliseconds() - start < kDecodeMs)) {
      Item& item = batch[next++];
      if (prepare(item, buffers, false)) {
        prepared.push_back(std::move(item));
      } else {
        give_to_large(std::move(item));
      }
    }
    give_back(std::span(batch).subspan(next));
    finish(prepared, buffers);
    batch.clear();
    prepared.clear();
  }
}

void Batcher::run_large() {
  // Of this thread alone; a failure only means the usual priority.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLargePriority);
  Buffers buffers;
  Item item;
  while (take_large(item)) {
    prepare(item, buffers, true);
    finish({&item, 1}, buffers);
    item = {};
  }
}

// Classifies what is prepared of the images, and calls `done` of the requests that are complete.
void Batcher::finish(std::span<const Item> batch, Buffers& buffers) {
  if (batch.empty()) return;
  batches_ += !buffers.predictions.empty();
  classify(*batch.front().request->task->model, buffers);
  for (const Item& item : batch) {
    // acq_rel: the thread that finishes the last image sees the results of the others.
    if (item.request->unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      item.request->done();
    }
  }
  buffers.prepared.clear();
  buffers.predictions.clear();
  buffers.explain.clear();
}

}  // namespace fovea::server
