#include "server/serve/batcher.h"

#include <time.h>

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

// Decodes and preprocesses one image, unless its deadline has passed.
void Batcher::prepare(const Item& item, Buffers& buffers) {
  PredictTask& task = *item.request->task;
  Prediction& prediction = task.predictions[item.index];
  const auto start = Clock::now();
  prediction.timing.queue = milliseconds(item.request->queued, start);
  if (start > task.deadline) {
    return fail(prediction, Prediction::Status::late, "the deadline passed in the queue");
  }
  try {
    buffers.prepared.push_back(task.model->classifier.prepare(task.images[item.index].bytes));
    buffers.predictions.push_back(&prediction);
    buffers.explain.push_back(task.explain);
  } catch (const FormatError& error) {
    fail(prediction, Prediction::Status::bad_image, error.what());
  } catch (const std::exception& error) {
    fail(prediction, Prediction::Status::failed, error.what());
    task.model->record.image_failed();
  }
  prediction.timing.decode = milliseconds(start, Clock::now());
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
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Batcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
  requests_.clear();
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
    requests_.push_back({std::move(request), 0});
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
  const auto model = requests_.front().request->task->model;
  std::size_t skipped = 0;  // requests for other models stay in front, so they are next
  while (batch.size() < limit && skipped < requests_.size()) {
    if (requests_[skipped].request->task->model != model) {
      ++skipped;
      continue;
    }
    Item item = std::move(requests_[skipped]);
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(skipped));
    const std::size_t count = item.request->task->images.size();
    --waiting_of_kind(count);
    if (item.index + 1 < count) requests_.push_back({item.request, item.index + 1});
    batch.push_back(std::move(item));
  }
}

void Batcher::run() {
  Buffers buffers;
  std::vector<Item> batch;
  while (take(batch)) {
    buffers.prepared.clear();
    buffers.predictions.clear();
    buffers.explain.clear();
    for (const Item& item : batch) prepare(item, buffers);
    batches_ += !buffers.predictions.empty();
    classify(*batch.front().request->task->model, buffers);
    for (const Item& item : batch) {
      // acq_rel: the thread that finishes the last image sees the results of the others.
      if (item.request->unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        item.request->done();
      }
    }
    batch.clear();
  }
}

}  // namespace fovea::server
