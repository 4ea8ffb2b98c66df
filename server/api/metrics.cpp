#include "server/metrics/metrics.h"

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/app/projects.h"

namespace fovea::server {
namespace {

using Kind = MetricSample::Kind;
using Samples = std::vector<MetricSample>;

constexpr int kMaxSearched = 100;  // newest jobs among which the latest retraining is searched

void add(Samples& samples, const char* name, const char* help, Kind kind, double value) {
  samples.push_back({name, help, kind, {}, value});
}

// The progress of the running retraining.
void add_progress(Samples& samples, const nlohmann::ordered_json& job) {
  constexpr std::tuple<const char*, const char*, const char*> kNumbers[] = {
      {"epoch", "fovea_training_epoch", "Epoch of the running retraining."},
      {"loss", "fovea_training_loss", "Training loss of the running retraining."},
      {"accuracy", "fovea_training_accuracy", "Training accuracy of the running retraining."},
      {"eta_seconds", "fovea_training_eta_seconds", "Estimated time until it ends."}};
  for (const auto& [key, name, help] : kNumbers) {
    const auto value = job.find(key);
    if (value == job.end() || !value->is_number()) continue;
    add(samples, name, help, Kind::gauge, value->get<double>());
  }
}

void add_training(Samples& samples, App& app) {
  bool succeeded = false;
  for (const Job& job : app.store->jobs().newest(kMaxSearched)) {
    if (job.kind != "retrain") continue;
    if (job.state == JobState::running) {
      add_progress(samples, app.jobs().show(job));
    } else if (job.state == JobState::succeeded && job.ended && !succeeded) {
      succeeded = true;
      add(samples, "fovea_training_last_success_timestamp_seconds",
          "End of the latest successful retraining.", Kind::gauge,
          std::chrono::duration<double>(job.ended->time_since_epoch()).count());
    }
  }
}

void add_dataset(Samples& samples, TrainingData& training) {
  constexpr const char* kSplits[] = {"train", "val", "test"};
  for (const ClassCount& count : training.snapshot()->classes) {
    for (std::size_t i = 0; i < std::size(kSplits); ++i) {
      samples.push_back({"fovea_dataset_images",
                         "Images of the dataset.",
                         Kind::gauge,
                         {{"split", kSplits[i]}, {"class", count.name}},
                         static_cast<double>(count.splits[i])});
    }
  }
}

void add_model(Samples& samples, const ServedModel& model) {
  samples.push_back({"fovea_model_info",
                     "The active model.",
                     Kind::gauge,
                     {{"model", model.name},
                      {"version", model.version},
                      {"alias", "champion"},
                      {"sha256", model.classifier.weights_sha256()}},
                     1});
}

// The samples of one project.
Samples project_samples(App& app) {
  Samples samples;
  if (const auto served = app.model_or_null()) add_model(samples, *served);
  add(samples, "fovea_history_queue_depth", "Predictions to be written to the history.",
      Kind::gauge, static_cast<double>(app.recorder.waiting()));
  add(samples, "fovea_history_commits_total", "Transactions of the history.", Kind::counter,
      static_cast<double>(app.recorder.commits()));
  add(samples, "fovea_history_unrecorded_total", "Predictions that could not be written.",
      Kind::counter, static_cast<double>(app.recorder.unrecorded()));
  add(samples, "fovea_history_backlog", "Predictions that wait for the database to be available.",
      Kind::gauge, static_cast<double>(app.recorder.backlog()));
  const bool available = app.store->health().available;
  add(samples, "fovea_database_available", "1 if the latest access to the database succeeded.",
      Kind::gauge, available ? 1 : 0);
  if (available) add_training(samples, app);
  add_dataset(samples, app.training);
  if (app.is_default()) return samples;
  for (MetricSample& sample : samples) sample.labels["project"] = app.options.project;
  return samples;
}

// What does not belong to one project.
void add_server(Samples& samples, App& app) {
  samples.push_back(
      {"fovea_build_info", "The program.", Kind::gauge, {{"version", FOVEA_VERSION}}, 1});
  add(samples, "fovea_inference_queue_depth", "Images in the queue.", Kind::gauge,
      static_cast<double>(app.runtime->batcher.waiting()));
  add(samples, "fovea_inference_batches_total", "Micro-batches run by the network.", Kind::counter,
      static_cast<double>(app.runtime->batcher.batches()));
  add_process_samples(samples);
}

}  // namespace

Reply show_metrics(const Request& request, App& app) {
  std::vector<Projects::Lease> projects{{std::shared_ptr<void>(), &app}};
  if (app.runtime->projects) projects = app.runtime->projects->all();
  std::erase_if(projects, [&](const Projects::Lease& project) {
    return !request.may_use(project->options.project);
  });
  Samples samples;
  if (request.only_project.empty()) add_server(samples, app);
  std::vector<ProjectMetrics> metrics;
  for (const Projects::Lease& project : projects) {
    const bool labelled = !project->is_default() || !request.only_project.empty();
    metrics.push_back({labelled ? project->options.project : "", project->metrics});
    const Samples more = project_samples(*project);
    samples.insert(samples.end(), more.begin(), more.end());
  }
  Reply reply;
  reply.fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                  {"Cache-Control", "no-store"}};
  reply.body = metrics_text(metrics, std::move(samples));
  return reply;
}

}  // namespace fovea::server
