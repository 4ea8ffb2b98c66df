#include "server/serve/predict_pipeline.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

#include "engine/core/sha256.h"
#include "server/events/hub.h"
#include "server/http/problem.h"
#include "server/metrics/metrics.h"
#include "server/serve/batcher.h"
#include "server/serve/recorder.h"

namespace fovea::server {
namespace {

using Status = Prediction::Status;

Result build(const PredictPipeline::BuildReply& build_reply, const PredictTask& task) {
  try {
    return build_reply(task);
  } catch (...) {
    return std::current_exception();
  }
}

NewPrediction history_entry(const PredictTask& task, std::size_t index,
                            const std::shared_ptr<const PredictionModel>& model) {
  const ImageFile& image = task.images[index];
  const Prediction& prediction = task.predictions[index];
  PredictionRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = task.request_id;
  record.source = task.api;
  record.file = image.name;
  record.image_sha256 = sha256_hex(image.bytes);
  record.model = model;
  record.probabilities = prediction.probabilities;
  record.label = model->classes[static_cast<std::size_t>(task.best_class(index))];
  record.probability = prediction.probabilities[static_cast<std::size_t>(task.best_class(index))];
  record.uncertain = task.uncertain(index);
  record.decode_ms = prediction.timing.decode;
  record.queue_ms = prediction.timing.queue;
  record.compute_ms = prediction.timing.compute;
  return {std::move(record), image.bytes};
}

// The images whose predictions go into the history.
std::vector<std::size_t> recordable(const PredictTask& task) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < task.predictions.size(); ++i) {
    if (task.predictions[i].status == Status::ok) indices.push_back(i);
  }
  if (task.all_or_nothing && indices.size() < task.images.size()) return {};
  return indices;
}

}  // namespace

int PredictTask::best_class(std::size_t index) const {
  const auto& p = predictions[index].probabilities;
  return static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
}

double PredictTask::probability(std::size_t index) const {
  return predictions[index].probabilities[static_cast<std::size_t>(best_class(index))];
}

void PredictPipeline::start(const std::shared_ptr<PredictTask>& task, const BuildReply& build_reply,
                            Respond respond) {
  task->deadline = std::chrono::steady_clock::now() + deadline_;
  const bool queued = batcher_.submit(task, [this, task, build_reply, respond] {
    try {
      count_outcome(*task);
      require_classified(*task);
      record(task, [task, build_reply, respond] { respond(build(build_reply, *task)); });
    } catch (...) {
      respond(std::current_exception());
    }
  });
  if (queued) return;
  metrics_.inference_rejected("queue_full");
  throw HttpError(503, "too many images are waiting; try again in a second",
                  {{"Retry-After", "1"}});
}

// The worst status of its images is the outcome of a request.
void PredictPipeline::count_outcome(const PredictTask& task) {
  Status worst = Status::ok;
  for (const Prediction& prediction : task.predictions) worst = std::max(worst, prediction.status);
  const char* outcome = worst == Status::ok          ? "ok"
                        : worst == Status::bad_image ? "bad_image"
                        : worst == Status::late      ? "late"
                                                     : "failed";
  metrics_.inference_finished(task.model->name, task.model->version, outcome);
}

// Throws unless every image was classified or is itself invalid.
void PredictPipeline::require_classified(const PredictTask& task) const {
  for (const Prediction& prediction : task.predictions) {
    if (prediction.status == Status::failed) throw std::runtime_error(prediction.error);
    if (prediction.status == Status::late) {
      throw HttpError(
          504, fmt::format("an image waited in the queue for more than {} ms; send fewer at once",
                           deadline_.count()));
    }
  }
}

void PredictPipeline::record(const std::shared_ptr<PredictTask>& task, std::function<void()> done) {
  task->ids.assign(task->images.size(), 0);
  std::vector<std::size_t> indices = recordable(*task);
  if (indices.empty()) return done();
  const ServedModel& served = *task->model;
  const auto model = std::make_shared<const PredictionModel>(PredictionModel{
      served.name, served.number, served.classifier.weights_sha256(), served.classifier.classes()});
  std::vector<NewPrediction> entries;
  entries.reserve(indices.size());
  for (const std::size_t i : indices) {
    entries.push_back(history_entry(*task, i, model));
    const PredictionRecord& made = entries.back().record;
    metrics_.predicted({served.name, served.version, made.label, made.probability, made.uncertain,
                        made.decode_ms, made.queue_ms, made.compute_ms});
  }
  recorder_.record(std::move(entries), [this, task, indices = std::move(indices),
                                        done = std::move(done)](std::span<const std::int64_t> ids) {
    task->recorded = !ids.empty();
    if (!ids.empty()) hub_.count("predictions", ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) task->ids[indices[i]] = ids[i];
    done();
  });
}

}  // namespace fovea::server
