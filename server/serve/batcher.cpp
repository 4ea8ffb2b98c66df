#include "server/serve/batcher.h"

#include <algorithm>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

void fail(Prediction& prediction, Prediction::Status status, const char* error) {
  prediction.status = status;
  prediction.error = error;
}

void settle(Work& work) {
  // The last one sees what the others wrote.
  if (work.unsettled.fetch_sub(1, std::memory_order_acq_rel) == 1) work.done(work);
}

// What one inference thread keeps, so that a steady load allocates little.
struct WorkerBuffers {
  Scratch scratch;
  Tensor inputs;
  Tensor probabilities;
  std::vector<Tensor> prepared;
  std::vector<Prediction*> ready;
};

void prepare(Work& work, std::size_t index, WorkerBuffers& bench) {
  Prediction& prediction = work.predictions[index];
  const auto start = Clock::now();
  prediction.timing.queue = milliseconds(work.queued, start);
  if (start > work.deadline) {
    return fail(prediction, Prediction::Status::late, "the deadline passed while it was waiting");
  }
  try {
    bench.prepared.push_back(work.model->classifier.prepare(work.images[index]));
    bench.ready.push_back(&prediction);
  } catch (const FormatError& error) {
    fail(prediction, Prediction::Status::bad_image, error.what());
  } catch (const std::exception& error) {
    fail(prediction, Prediction::Status::failed, error.what());
    work.model->record.image_failed();
  }
  prediction.timing.decode = milliseconds(start, Clock::now());
}

void classify(const ServedModel& served, WorkerBuffers& bench) {
  if (bench.ready.empty()) return;
  const Classifier& classifier = served.classifier;
  const auto start = Clock::now();
  try {
    Shape shape = bench.prepared.front().shape();
    shape.n = static_cast<int>(bench.ready.size());
    bench.inputs.resize(shape);
    for (int i = 0; i < shape.n; ++i) {
      const auto values = bench.prepared[i].values();
      std::copy(values.begin(), values.end(), bench.inputs.image(i));
    }
    classifier.predict(bench.inputs, bench.probabilities, bench.scratch);
    const std::size_t classes = classifier.classes().size();
    const double ms = milliseconds(start, Clock::now());
    for (int i = 0; i < shape.n; ++i) {
      const Scalar* row = bench.probabilities.image(i);
      bench.ready[i]->probabilities.assign(row, row + classes);
      bench.ready[i]->timing.compute = ms;
      served.record.image_classified(bench.ready[i]->timing.decode + ms / shape.n);
    }
  } catch (const std::exception& error) {
    for (Prediction* prediction : bench.ready) {
      fail(*prediction, Prediction::Status::failed, error.what());
      served.record.image_failed();
    }
  }
}

}  // namespace

Batcher::Batcher(int threads, std::size_t max_queue) : max_of_a_kind_((max_queue + 1) / 2) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Batcher::~Batcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

bool Batcher::submit(std::shared_ptr<Work> work) {
  const std::size_t count = work->images.size();
  work->predictions.resize(count);
  work->queued = Clock::now();
  work->unsettled = count;
  {
    const std::lock_guard lock(mutex_);
    std::size_t& waiting = waiting_of_kind(count);
    if (waiting != 0 && waiting + count > max_of_a_kind_) return false;
    waiting += count;
    lines_.push_back({std::move(work)});
  }
  count == 1 ? changed_.notify_one() : changed_.notify_all();
  return true;
}

std::size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return singles_ + batched_;
}

bool Batcher::take(std::vector<Item>& batch) {
  std::unique_lock lock(mutex_);
  ++idle_;
  changed_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
  --idle_;
  if (stopping_) return false;
  // Leave the other idle threads their share.
  const std::size_t share = (singles_ + batched_ + idle_) / (idle_ + 1);
  take_in_turn(batch, std::min(share, kMicroBatch));
  return true;
}

void Batcher::take_in_turn(std::vector<Item>& batch, std::size_t most) {
  const auto model = lines_.front().work->model;
  std::size_t passed = 0;  // lines of other models; they stay in front, their turn is next
  while (batch.size() < most && passed < lines_.size()) {
    Line& first = lines_[passed];
    if (first.work->model != model) {
      ++passed;
      continue;
    }
    Line line = std::move(first);
    lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(passed));
    const std::size_t count = line.work->images.size();
    --waiting_of_kind(count);
    batch.push_back({line.work, line.next++});
    if (line.next < count) lines_.push_back(std::move(line));
  }
}

void Batcher::run() {
  WorkerBuffers bench;
  std::vector<Item> batch;
  while (take(batch)) {
    bench.prepared.clear();
    bench.ready.clear();
    for (const Item& item : batch) prepare(*item.work, item.index, bench);
    batches_ += !bench.ready.empty();
    classify(*batch.front().work->model, bench);
    for (const Item& item : batch) settle(*item.work);
    batch.clear();
  }
}

}  // namespace fovea::server
