#include <cmath>
#include <optional>

#include "engine/core/error.h"
#include "engine/data/data_dir.h"
#include "engine/eval/evaluate.h"
#include "engine/eval/measure_features.h"
#include "engine/fit/calibrate.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/report/evaluation_json.h"
#include "engine/report/gate_json.h"
#include "server/jobs/first_training.h"
#include "server/jobs/worker/train_progress.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

struct Images {
  TrainingSet train;
  std::optional<TrainingSet> val;
  Preprocess preprocess;
};

Images load_all_images(const Dataset& dataset, int threads) {
  Images images;
  Preprocess& preprocess = images.preprocess;
  preprocess.size = FirstTrainingPlan::kSize;
  images.train =
      load_training_set(dataset, {Split::train}, preprocess.size, preprocess.fit, {}, threads);
  channel_statistics(images.train, preprocess.mean, preprocess.std);
  TrainingSet val = load_training_set(dataset, {Split::val}, preprocess.size, preprocess.fit,
                                      preprocess.mean, threads);
  if (val.count() > 0) images.val = std::move(val);
  return images;
}

// Fits the temperature of the model. Returns a note if there are too few images; empty: none.
std::string calibrate(Model& model, const Images& images, int threads) {
  if (!images.val) return "There are no validation images to calibrate the probabilities.";
  const Temperature temperature = fit_temperature(
      evaluate_logits(model.network, images.preprocess, *images.val, threads), images.val->labels);
  model.temperature = temperature.value;
  if (!temperature.few_images()) return {};
  return "There are too few images to calibrate the probabilities: they may be too high or too "
         "low.";
}

bool has_test_images(const FirstTrainingPlan& plan) {
  for (const auto& counts : plan.classes) {
    if (counts.test > 0) return true;
  }
  return false;
}

Provenance provenance_of(const JobSpec& spec, const FirstTrainingPlan& plan,
                         const Dataset& dataset) {
  return {{"name", spec.first->name},
          {"created", iso_seconds(std::chrono::system_clock::now())},
          {"fovea_version", FOVEA_VERSION},
          {"preset", plan.recipe.preset},
          {"recipe", recipe_text(plan.recipe)},
          {"seed", std::to_string(plan.recipe.seed)},
          {"data", spec.dataset},
          {"data_revision", dataset.revision()},
          {"train_images", std::to_string(plan.train_images)}};
}

Json manifest_of(const FirstTrainingPlan& plan, const Dataset& dataset,
                 const std::vector<std::string>& notes, const Json& history) {
  return {{"mode", "first"},        {"why", first_plan_json(plan)["why"]},
          {"notes", notes},         {"data_time", newest_addition(dataset.index())},
          {"classes_elsewhere", 0}, {"new_images", plan.train_images},
          {"old_images", 0},        {"history", history}};
}

// Measures the model, and writes its files into the folder of the job.
RetrainResult write_first_results(const JobContext& job, const Dataset& dataset,
                                  const FirstTrainingPlan& plan, Model& model, const Json& history,
                                  const std::vector<std::string>& notes) {
  const JobSpec& spec = job.spec();
  const std::string sha256 = weights_sha256(write_model(model));
  Json evaluation;
  Json manifest = manifest_of(plan, dataset, notes, history);
  model.provenance = provenance_of(spec, plan, dataset);
  if (has_test_images(plan)) {
    const EvaluationReport report =
        evaluate_model(model, sha256, dataset, spec.dataset, Split::test, spec.threads);
    evaluation = evaluation_json(report, history);
    Json metrics = evaluation["metrics"];
    metrics["test_images"] = report.metrics.count;
    metrics["test_accuracy"] = metrics["accuracy"];
    model.provenance["metrics"] = metrics.dump();
    manifest["metrics"] = std::move(metrics);
  }
  FeatureStatistics statistics =
      measure_feature_statistics(model, sha256, dataset, spec.dataset, spec.threads);
  if (!evaluation.is_null()) {
    statistics.evaluation = evaluation.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  job.write(kModelFile, write_model(model));
  job.write(kFeaturesFile, write_feature_statistics(statistics, true));
  return {"first", kModelFile, kFeaturesFile, std::move(manifest), Json(), Json()};
}

}  // namespace

RetrainResult run_first_training_job(const JobContext& job) {
  const JobSpec& spec = job.spec();
  const Dataset dataset = open_snapshot(dataset_folder(spec.data_dir, spec.dataset));
  const FirstTrainingPlan plan = plan_first_training(spec.first->preset, dataset, spec.options);
  job.send(job_event::kStart, first_plan_json(plan));
  const Recipe& recipe = plan.recipe;
  JobProgressReporter reporter(job, recipe.epochs);
  if (reporter.on_phase(retrain_phase::kTrain) == Control::stop) throw JobStopped{};
  const Images images = load_all_images(dataset, spec.threads);
  const auto train_from = [&](Network& network, std::vector<std::uint8_t> checkpoint) {
    network.initialise(recipe.seed, recipe.init);
    return train(network, images.train, images.val ? &*images.val : nullptr, images.preprocess,
                 recipe, spec.threads, reporter, std::move(checkpoint));
  };
  Network network(preset_network(recipe.preset, FirstTrainingPlan::kSize,
                                 static_cast<int>(plan.classes.size()), recipe.dropout));
  TrainResult result;
  try {
    result = train_from(network, read_checkpoint_file(job));
  } catch (const FormatError& error) {
    // Images were added, removed or relabelled since the checkpoint was written.
    job.send(job_event::kProgress,
             {{"phase", "restarting"}, {"why", std::string("cannot resume: ") + error.what()}});
    result = train_from(network, {});
  }
  if (result.outcome == TrainOutcome::stopped) throw JobStopped{};
  if (reporter.on_phase(retrain_phase::kMeasure) == Control::stop) throw JobStopped{};
  Json history = Json::array();
  for (const EpochReport& report : result.history) {
    history.push_back(epoch_json(report, recipe.epochs));
  }
  Model model{std::move(network), images.preprocess, images.train.classes, 1, {}};
  std::vector<std::string> notes = plan.notes;
  if (std::string note = calibrate(model, images, spec.threads); !note.empty()) {
    notes.push_back(std::move(note));
  }
  return write_first_results(job, dataset, plan, model, history, notes);
}

}  // namespace fovea::server
