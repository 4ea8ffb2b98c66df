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
#include "server/text/time.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCheckpointEvery{20};
constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kFeaturesFile = "model.features.safetensors";
constexpr std::uint64_t kMaxModel = std::uint64_t{1} << 30;

Json epoch_json(const EpochReport& report, int epochs) {
  Json json = {{"epoch", report.epoch + 1},
               {"epochs", epochs},
               {"train_loss", report.train_loss},
               {"train_accuracy", report.train_accuracy},
               {"seconds", report.seconds}};
  if (report.lr > 0) json["lr"] = report.lr;  // the head alone has none
  if (report.validated) {
    json["val_loss"] = report.val_loss;
    json["val_accuracy"] = report.val_accuracy;
  }
  return json;
}

// Sends progress to the server and stops the training when asked to.
class JobProgressReporter : public RetrainObserver {
 public:
  JobProgressReporter(const JobContext& job, int epochs) : job_(job), epochs_(epochs) {}

  Control on_phase(const std::string& phase) override {
    phase_ = phase;
    job_.send(job_event::kProgress, {{"phase", phase_}, {"epochs", epochs_}});
    return asked();
  }

  Control on_batch(const BatchReport& report) override {
    if (first_step_ < 0) {
      first_step_ = report.step;
      began_ = Clock::now();
    } else {
      seen_ += report.images;
    }
    if (limiter_.due()) {
      const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
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
        progress["images_per_second"] = static_cast<double>(seen_) / seconds;
        progress["eta_seconds"] =
            static_cast<double>(report.total_steps - report.step - 1) * seconds / steps;
      }
      job_.send(job_event::kProgress, progress);
    }
    return asked();
  }

  Control on_epoch(const EpochReport& report, const Network&) override {
    job_.send(job_event::kEpoch, epoch_json(report, epochs_));
    if (asked() == Control::stop) return Control::stop;
    return Clock::now() - saved_ >= kCheckpointEvery ? Control::checkpoint : Control::keep_going;
  }

  void on_checkpoint(std::span<const std::uint8_t> bytes) override {
    write_file_atomically(job_.folder() / kCheckpointFile, bytes);
    saved_ = Clock::now();
    job_.send(job_event::kCheckpoint, {{"bytes", bytes.size()}});
  }

 private:
  static Control asked() {
    return StopSignals::received() != 0 ? Control::stop : Control::keep_going;
  }

  const JobContext& job_;
  const int epochs_;
  std::string phase_;
  ProgressLimiter limiter_;
  std::int64_t first_step_ = -1, seen_ = 0;
  Clock::time_point began_, saved_ = Clock::now();
};

struct Inputs {
  ModelFile champion;
  std::optional<FeatureStatistics> bundle;
  Dataset dataset;
  ChampionData learned;
};

// Whatever is added to the dataset, or labelled anew, after this has a later added_at than all that
// is in it: nobody is writing, and the second of the newest is over.
Dataset open_settled(const std::filesystem::path& folder) {
  constexpr std::chrono::minutes kPatience{10};  // with an import
  const DatasetLock lock(folder, kPatience);
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
                open_settled(dataset_folder(spec.data_dir, spec.dataset)),
                champion.learned};
  if (!champion.features.empty()) {
    inputs.bundle = read_feature_statistics(read_file(champion.features, kMaxModel));
  }
  return inputs;
}

// The checkpoint of an earlier sitting, when it is one of this very retraining.
std::vector<std::uint8_t> find_checkpoint(const JobContext& job) {
  const auto path = job.folder() / kCheckpointFile;
  std::error_code error;
  return std::filesystem::exists(path, error) ? read_file(path, kMaxModel)
                                              : std::vector<std::uint8_t>();
}

Provenance provenance_of(const JobContext& job, const Inputs& inputs, const RetrainPlan& plan) {
  Provenance provenance;
  const Provenance& before = inputs.champion.model.provenance;
  for (const char* key : {"name", "preset"}) {
    if (const auto found = before.find(key); found != before.end()) provenance[key] = found->second;
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

// Statistics of classes whose images are not here come from the champion's evaluation.
void add_remembered_statistics(Json& evaluation, const std::optional<FeatureStatistics>& bundle) {
  if (!bundle || !evaluation.contains("statistics")) return;
  const Json before = parse_evaluation(bundle->evaluation);
  if (!before.is_object() || !before.contains("statistics")) return;
  Json& classes = evaluation["statistics"]["classes"];
  for (const Json& old : before["statistics"].value("classes", Json::array())) {
    const auto same = [&](const Json& one) { return one["name"] == old["name"]; };
    if (std::any_of(classes.begin(), classes.end(), same)) continue;
    Json remembered = old;
    remembered["remembered"] = true;
    classes.push_back(std::move(remembered));
  }
}

RetrainResult write_results(const JobContext& job, const Inputs& inputs, const RetrainPlan& plan,
                            Retrained& made) {
  Json history = Json::array();
  for (const EpochReport& report : made.history) {
    history.push_back(epoch_json(report, plan.recipe.epochs));
  }
  Json evaluation, metrics;
  if (made.evaluation.metrics.count > 0) {
    evaluation = evaluation_json(made.evaluation, history);
    if (plan.mode == RetrainMode::frozen) add_remembered_statistics(evaluation, inputs.bundle);
    metrics = evaluation["metrics"];
    metrics["test_images"] = made.evaluation.metrics.count;
    metrics["test_accuracy"] = metrics["accuracy"];
    made.statistics.evaluation = evaluation.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  made.model.provenance = provenance_of(job, inputs, plan);
  if (!metrics.is_null()) made.model.provenance["metrics"] = metrics.dump();
  job.write(kModelFile, write_model(made.model));
  job.write(kFeaturesFile, write_feature_statistics(made.statistics, true));
  std::vector<std::string> notes = plan.notes;
  notes.insert(notes.end(), made.notes.begin(), made.notes.end());
  Json manifest = {
      {"mode", to_string(plan.mode)},
      {"why", plan.reason},
      {"notes", notes},
      {"tuning_kept", std::round(made.fine_tuning_kept * 100) / 100.0},
      {"data_time", newest_addition(inputs.dataset.index())},
      {"classes_elsewhere", std::min(inputs.learned.external_classes, plan.old_classes)},
      {"new_images", plan.new_images.train.size()},
      {"old_images", plan.old_images.train.size()},
      {"history", history}};
  if (!metrics.is_null()) manifest["metrics"] = metrics;
  return {to_string(plan.mode),
          kModelFile,
          kFeaturesFile,
          std::move(manifest),
          verdict_json(made.verdict),
          forgetting_json(made.forgetting)};
}

}  // namespace

RetrainResult run_retrain_job(const JobContext& job) {
  const Inputs inputs = read_inputs(job.spec());
  const RetrainOptions options = read_retrain_options(job.spec().options);
  const FeatureStatistics* bundle = inputs.bundle ? &*inputs.bundle : nullptr;
  const RetrainPlan plan =
      plan_retrain(inputs.champion.model, bundle, inputs.dataset, inputs.learned, options);
  job.send(job_event::kStart, plan_json(plan));
  const Champion champion{inputs.champion.model, inputs.champion.weights_sha256, bundle};
  const auto run = [&](std::vector<std::uint8_t> checkpoint) {
    JobProgressReporter reporter(job, plan.recipe.epochs);
    return retrain(champion, inputs.dataset, job.spec().dataset, plan, options.gate,
                   job.spec().threads, reporter, std::move(checkpoint));
  };
  std::vector<std::uint8_t> checkpoint = find_checkpoint(job);
  std::optional<Retrained> made;
  if (!checkpoint.empty()) {
    try {
      made = run(std::move(checkpoint));
    } catch (const FormatError& error) {
      // Images were added, removed or relabelled since: what was learned is of other images.
      job.send(job_event::kProgress, {{"phase", "starting anew"},
                                      {"why", std::string("not resumable: ") + error.what()}});
    }
  }
  if (!made) made = run({});
  if (made->outcome == TrainOutcome::stopped) throw JobStopped{};
  return write_results(job, inputs, plan, *made);
}

}  // namespace fovea::server
