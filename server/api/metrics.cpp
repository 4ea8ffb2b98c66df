#include "server/metrics/metrics.h"

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/app/app.h"

namespace fovea::server {
namespace {

using Kind = MetricSample::Kind;

constexpr int kLookBack = 100;  // jobs among which the latest retraining is looked for

// How far the retraining is that runs now, and when one last succeeded.
void add_training(std::vector<MetricSample>& samples, App& app) {
  constexpr std::pair<const char*, const char*> kNumbers[] = {
      {"epoch", "Epoch of the retraining that runs."},
      {"loss", "Its loss on what it learns."},
      {"accuracy", "Its share of right answers on what it learns."},
      {"eta_seconds", "Time until it will be done."}};
  bool succeeded = false;
  for (const Job& job : app.store->jobs().newest(kLookBack)) {
    if (job.kind != "retrain") continue;
    if (job.state == JobState::running) {
      const auto shown = app.jobs.show(job);
      for (const auto& [name, help] : kNumbers) {
        const auto value = shown.find(name);
        if (value == shown.end() || !value->is_number()) continue;
        samples.push_back(
            {std::string("fovea_training_") + name, help, Kind::gauge, {}, value->get<double>()});
      }
    } else if (job.state == JobState::succeeded && job.ended && !succeeded) {
      succeeded = true;
      const std::chrono::duration<double> when = job.ended->time_since_epoch();
      samples.push_back({"fovea_training_last_success_timestamp_seconds",
                         "When a retraining last succeeded.",
                         Kind::gauge,
                         {},
                         when.count()});
    }
  }
}

void add_dataset(std::vector<MetricSample>& samples, App& app) {
  constexpr const char* kSplits[] = {"train", "val", "test"};
  for (const ClassCount& one : app.training.snapshot()->classes) {
    for (std::size_t i = 0; i < std::size(kSplits); ++i) {
      samples.push_back({"fovea_dataset_images",
                         "Images of the training data.",
                         Kind::gauge,
                         {{"split", kSplits[i]}, {"class", one.name}},
                         static_cast<double>(one.splits[i])});
    }
  }
}

}  // namespace

Reply show_metrics(const Request&, App& app) {
  std::vector<MetricSample> samples;
  samples.push_back(
      {"fovea_build_info", "The program.", Kind::gauge, {{"version", FOVEA_VERSION}}, 1});
  const auto served = app.model();
  samples.push_back({"fovea_model_info",
                     "The model in service.",
                     Kind::gauge,
                     {{"model", served->name},
                      {"version", served->version},
                      {"alias", "champion"},
                      {"sha256", served->classifier.weights_sha256()}},
                     1});
  samples.push_back({"fovea_inference_queue_depth",
                     "Images waiting for the network.",
                     Kind::gauge,
                     {},
                     static_cast<double>(app.batcher.waiting())});
  samples.push_back({"fovea_inference_batches_total",
                     "Runs of the network.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.batcher.batches())});
  samples.push_back({"fovea_history_queue_depth",
                     "Answers waiting for the disk.",
                     Kind::gauge,
                     {},
                     static_cast<double>(app.recorder.waiting())});
  samples.push_back({"fovea_history_commits_total",
                     "Transactions of the history.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.recorder.commits())});
  samples.push_back({"fovea_history_unrecorded_total",
                     "Answers that the disk refused.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.recorder.unrecorded())});
  add_training(samples, app);
  add_dataset(samples, app);
  add_process_samples(samples);
  Reply reply;
  reply.fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                  {"Cache-Control", "no-store"}};
  reply.body = app.metrics.text(std::move(samples));
  return reply;
}

}  // namespace fovea::server
