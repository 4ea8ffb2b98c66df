#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset_lock.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_json.h"
#include "engine/report/gate_json.h"
#include "engine/report/retrain_json.h"
#include "engine/retrain/retrain.h"
#include "engine/train/checkpoint.h"
#include "engine/train/run_state.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/jobs/worker/worker.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCheckpointInterval{20};
constexpr std::chrono::minutes kDatasetLockTimeout{10};  // an import may hold the lock
constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kFeaturesFile = "model.features.safetensors";
constexpr std::uint64_t kMaxModel = std::uint64_t{1} << 30;  // bytes of a file

Json epoch_json(const EpochReport& report, int epochs) {
  Json json = {{"epoch", report.epoch + 1},
               {"epochs", epochs},
               {"train_loss", report.train_loss},
               {"train_accuracy", report.train_accuracy},
               {"seconds", report.seconds}};
  if (report.lr > 0) json["lr"] = report.lr;  // mode frozen fits the head without a learning rate
  if (report.validated) {
    json["val_loss"] = report.val_loss;
    json["val_accuracy"] = report.val_accuracy;
  }
  return json;
}

// Sends progress and epochs to the server, writes checkpoints, and stops the training after a
// signal.
class JobProgressReporter : public RetrainObserver {
 public:
  JobProgressReporter(const JobContext& job, int epochs) : job_(job), epochs_(epochs) {}

  Control on_phase(const std::string& phase) override {
    phase_ = phase;
    job_.send(job_event::kProgress, {{"phase", phase_}, {"epochs", epochs_}});
    return stop_if_signalled();
  }

  Control on_batch(const BatchReport& report) override {
    // The rate is measured from the end of the first batch.
    if (first_step_ < 0) {
      first_step_ = report.step;
      started_ = Clock::now();
    } else {
      images_ += report.images;
    }
    if (limiter_.due()) {
      const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
      const auto steps = static_cast<double>(report.step - first_step_);
      Json progress = {{"phase", phase_},
                       {"epoch", report.epoch + 1},
                       {"epochs", epochs_},
                       {"step", report.step + 1},
                       {"steps", report.total_steps},
                       {"loss", report.loss},
                       {"accuracy", report.accuracy},
                       {"lr", report.lr}};
      if (steps > 0 && seconds > 0) {
        progress["images_per_second"] = static_cast<double>(images_) / seconds;
        progress["eta_seconds"] =
            static_cast<double>(report.total_steps - report.step - 1) * seconds / steps;
      }
      job_.send(job_event::kProgress, progress);
    }
    return stop_if_signalled();
  }

  Control on_epoch(const EpochReport& report, const Network&) override {
    job_.send(job_event::kEpoch, epoch_json(report, epochs_));
    if (stop_if_signalled() == Control::stop) return Control::stop;
    return Clock::now() - saved_ >= kCheckpointInterval ? Control::checkpoint : Control::keep_going;
  }

  void on_checkpoint(std::span<const std::uint8_t> bytes) override {
    write_file_atomically(job_.folder() / kCheckpointFile, bytes);
    saved_ = Clock::now();
    job_.send(job_event::kCheckpoint, {{"bytes", bytes.size()}});
  }

 private:
  static Control stop_if_signalled() {
    return StopSignals::received() != 0 ? Control::stop : Control::keep_going;
  }

  const JobContext& job_;
  const int epochs_;
  std::string phase_;
  ProgressLimiter limiter_;
  std::int64_t first_step_ = -1;  // of this process; -1: none yet
  std::int64_t images_ = 0;       // trained on since started_
  Clock::time_point started_;
  Clock::time_point saved_ = Clock::now();  // the last checkpoint
};

struct Inputs {
  ModelFile champion;
  std::optional<FeatureStatistics> features;  // of the champion
  Dataset dataset;
  ChampionData trained_on;  // the champion's training data
};

// Opens the dataset such that every image added or relabelled afterwards has a later added_at
// (seconds) than all images in it: the next retraining recognises new images by that. Holds the
// lock, so no writer is active, and waits until the second of the newest image is over.
Dataset open_snapshot(const std::filesystem::path& folder) {
  const DatasetLock lock(folder, kDatasetLockTimeout);
  Dataset dataset = Dataset::open(folder);
  while (std::time(nullptr) == newest_addition(dataset.index())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return dataset;
}

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

// The checkpoint of an earlier run of this job; empty: there is none.
std::vector<std::uint8_t> read_checkpoint_file(const JobContext& job) {
  const auto path = job.folder() / kCheckpointFile;
  std::error_code error;
  return std::filesystem::exists(path, error) ? read_file(path, kMaxModel)
                                              : std::vector<std::uint8_t>();
}

Provenance provenance_of(const JobContext& job, const Inputs& inputs, const RetrainPlan& plan) {
  Provenance provenance;
  const Provenance& parent = inputs.champion.model.provenance;
  for (const char* key : {"name", "preset"}) {
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
