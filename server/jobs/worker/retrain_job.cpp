#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_json.h"
#include "engine/report/gate_json.h"
#include "engine/report/retrain_json.h"
#include "engine/retrain/retrain.h"
#include "engine/train/run_state.h"
#include "server/jobs/worker/train_progress.h"
#include "server/jobs/worker/worker.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

struct Inputs {
  ModelFile champion;
  std::optional<FeatureStatistics> features;  // of the champion
  Dataset dataset;
  ChampionData trained_on;  // the champion's training data
};

Inputs read_inputs(const JobSpec& spec) {
  const JobModel& champion = spec.champion;
  Inputs inputs{read_model_file(read_file(champion.model, kMaxModel)),
                {},
                open_snapshot(dataset_folder(spec.data_dir, spec.dataset)),
                champion.trained_on};
  if (!champion.features.empty()) {
    inputs.features = read_feature_statistics(read_file(champion.features, kMaxModel));
  }
  return inputs;
}

Provenance provenance_of(const JobContext& job, const Inputs& inputs, const RetrainPlan& plan) {
  Provenance provenance;
  const Provenance& parent = inputs.champion.model.provenance;
  for (const char* key :
       {"name", "preset", "backbone", "backbone_sha256", "backbone_source", "backbone_licence"}) {
    if (const auto found = parent.find(key); found != parent.end()) provenance[key] = found->second;
  }
  provenance["created"] = iso_seconds(std::chrono::system_clock::now());
  provenance["fovea_version"] = FOVEA_VERSION;
  provenance["recipe"] = recipe_text(plan.recipe);
  provenance["seed"] = std::to_string(plan.recipe.seed);
  provenance["data"] = job.spec().dataset;
  provenance["data_revision"] = inputs.dataset.revision();
  provenance["train_images"] =
      std::to_string(plan.new_images.train.size() + plan.old_images.train.size());
  provenance["parent"] = inputs.champion.weights_sha256;
  return provenance;
}

// Copies the image statistics of classes that have no images in the dataset from the champion's
// evaluation, marked as "remembered".
void add_remembered_statistics(Json& evaluation, const std::optional<FeatureStatistics>& features) {
  if (!features || !evaluation.contains("statistics")) return;
  const Json parent = parse_evaluation(features->evaluation);
  if (!parent.is_object() || !parent.contains("statistics")) return;
  Json& classes = evaluation["statistics"]["classes"];
  for (const Json& statistics : parent["statistics"].value("classes", Json::array())) {
    const auto same_name = [&](const Json& other) { return other["name"] == statistics["name"]; };
    if (std::any_of(classes.begin(), classes.end(), same_name)) continue;
    Json remembered = statistics;
    remembered["remembered"] = true;
    classes.push_back(std::move(remembered));
  }
}

RetrainResult write_results(const JobContext& job, const Inputs& inputs, const RetrainPlan& plan,
                            Retrained& retrained) {
  Json history = Json::array();
  for (const EpochReport& report : retrained.history) {
    history.push_back(epoch_json(report, plan.recipe.epochs));
  }
  Json evaluation, metrics;
  if (retrained.evaluation.metrics.count > 0) {
    evaluation = evaluation_json(retrained.evaluation, history);
    if (plan.mode == RetrainMode::frozen) add_remembered_statistics(evaluation, inputs.features);
    metrics = evaluation["metrics"];
    metrics["test_images"] = retrained.evaluation.metrics.count;
    metrics["test_accuracy"] = metrics["accuracy"];
    retrained.statistics.evaluation =
        evaluation.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  retrained.model.provenance = provenance_of(job, inputs, plan);
  if (!metrics.is_null()) retrained.model.provenance["metrics"] = metrics.dump();
  job.write(kModelFile, write_model(retrained.model));
  job.write(kFeaturesFile, write_feature_statistics(retrained.statistics, true));
  std::vector<std::string> notes = plan.notes;
  notes.insert(notes.end(), retrained.notes.begin(), retrained.notes.end());
  Json manifest = {
      {"mode", to_string(plan.mode)},
      {"why", plan.reason},
      {"notes", notes},
      {"tuning_kept", std::round(retrained.fine_tuning_kept * 100) / 100.0},
      {"data_time", newest_addition(inputs.dataset.index())},
      {"classes_elsewhere", std::min(inputs.trained_on.external_classes, plan.old_classes)},
      {"new_images", plan.new_images.train.size()},
      {"old_images", plan.old_images.train.size()},
      {"history", history}};
  if (!metrics.is_null()) manifest["metrics"] = metrics;
  return {to_string(plan.mode),
          kModelFile,
          kFeaturesFile,
          std::move(manifest),
          verdict_json(retrained.verdict),
          forgetting_json(retrained.forgetting)};
}

}  // namespace

RetrainResult run_retrain_job(const JobContext& job) {
  const Inputs inputs = read_inputs(job.spec());
  const RetrainOptions options = read_retrain_options(job.spec().options);
  const FeatureStatistics* features = inputs.features ? &*inputs.features : nullptr;
  const RetrainPlan plan =
      plan_retrain(inputs.champion.model, features, inputs.dataset, inputs.trained_on, options);
  job.send(job_event::kStart, plan_json(plan));
  const Champion champion{inputs.champion.model, inputs.champion.weights_sha256, features};
  const auto run = [&](std::vector<std::uint8_t> checkpoint) {
    JobProgressReporter reporter(job, plan.recipe.epochs);
    return retrain(champion, inputs.dataset, job.spec().dataset, plan, options.gate,
                   job.spec().threads, reporter, std::move(checkpoint));
  };
  std::vector<std::uint8_t> checkpoint = read_checkpoint_file(job);
  std::optional<Retrained> retrained;
  if (!checkpoint.empty()) {
    try {
      retrained = run(std::move(checkpoint));
    } catch (const FormatError& error) {
      // Images were added, removed or relabelled since the checkpoint was written.
      job.send(job_event::kProgress,
               {{"phase", "restarting"}, {"why", std::string("cannot resume: ") + error.what()}});
    }
  }
  if (!retrained) retrained = run({});
  if (retrained->outcome == TrainOutcome::stopped) throw JobStopped{};
  return write_results(job, inputs, plan, *retrained);
}

}  // namespace fovea::server
