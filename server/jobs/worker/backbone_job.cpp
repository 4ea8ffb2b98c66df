#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/data/data_dir.h"
#include "engine/eval/evaluate.h"
#include "engine/eval/evaluation_report.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_json.h"
#include "engine/report/gate_json.h"
#include "engine/report/interval_json.h"
#include "engine/report/retrain_json.h"
#include "engine/retrain/gate.h"
#include "engine/transfer/transfer.h"
#include "server/jobs/backbone_training.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/jobs/worker/train_progress.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kEvaluationFile = "evaluation.json";
// Sends the progress of the phases, with the remaining seconds, and stops after a signal.
class Reporter {
 public:
  explicit Reporter(const JobContext& job) : job_(job) {}

  bool operator()(TransferPhase phase, double done) {
    if (phase != phase_ || done == 0) started_ = Clock::now();
    const bool begins = phase != phase_;
    phase_ = phase;
    if (begins || limiter_.due()) {
      const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
      Json progress = {{"phase", name_of(phase)},
                       {"epoch", 1},
                       {"epochs", 1},
                       {"step", static_cast<int>(done * kSteps)},
                       {"steps", kSteps}};
      if (done > 0 && seconds > 0) progress["eta_seconds"] = seconds * (1 - done) / done;
      job_.send(job_event::kProgress, progress);
    }
    return StopSignals::received() == 0;
  }

 private:
  static constexpr int kSteps = 100;

  static const char* name_of(TransferPhase phase) {
    switch (phase) {
      case TransferPhase::features:
        return "computing features";
      case TransferPhase::head:
        return retrain_phase::kTrainHead;
      case TransferPhase::fine_tune:
        return "fine-tuning";
    }
    return "";
  }

  const JobContext& job_;
  std::optional<TransferPhase> phase_;
  Clock::time_point started_;
  ProgressLimiter limiter_;
};

// Champion and challenger on images that neither was trained on: those of the test split, and those
// that are new since the champion was trained, which the challenger classified in cross-validation.
struct HeldOut {
  std::vector<int> images;  // indices in the dataset
  std::vector<int> labels;
};

HeldOut held_out_images(const Dataset& dataset, const JobModel& champion,
                        const Transferred& trained) {
  HeldOut held_out;
  for (int i = 0; i < int_size(dataset.images()); ++i) {
    const ImageRecord& image = dataset.images()[i];
    const bool is_new = image.added_at > champion.trained_on.data_time;
    if (!trained.is_held_out[i] || !(image.split == Split::test || is_new)) continue;
    held_out.images.push_back(i);
    held_out.labels.push_back(image.label);
  }
  return held_out;
}

Tensor rows_of(const Tensor& tensor, const std::vector<int>& rows) {
  Shape shape = tensor.shape();
  shape.n = int_size(rows);
  Tensor result(shape);
  for (int i = 0; i < shape.n; ++i) {
    std::copy_n(tensor.image(rows[i]), shape.per_image(), result.image(i));
  }
  return result;
}

// The logits of the champion. If it has the same backbone, its head alone is computed.
Tensor champion_logits(const Model& champion, const Transferred& trained, const Dataset& dataset,
                       const std::vector<int>& images, int threads) {
  if (same_features(champion, trained.model)) {
    return apply_head(champion.network, rows_of(trained.features, images));
  }
  std::vector<const ImageRecord*> records;
  for (const int i : images) records.push_back(&dataset.images()[i]);
  const Preprocess& preprocess = champion.preprocess;
  const TrainingSet set =
      load_images(dataset, records, preprocess.size, preprocess.fit, preprocess.mean, threads);
  return evaluate_logits(fold_batch_norm(champion.network), preprocess, set, threads);
}

void compare_with_champion(const JobContext& job, const Transferred& trained,
                           const Dataset& dataset, RetrainResult& result) {
  const JobModel& version = job.spec().champion;
  const Model champion = read_model(read_file(version.model, kMaxModel));
  const HeldOut held_out = held_out_images(dataset, version, trained);
  Tensor before({0, 1, 1, int_size(champion.classes)}), after;
  if (!held_out.images.empty()) {
    softmax(champion_logits(champion, trained, dataset, held_out.images, job.spec().threads),
            champion.temperature, before);
  }
  softmax(rows_of(trained.logits, held_out.images), trained.model.temperature, after);
  const Comparison comparison{before, after, held_out.labels, champion.classes,
                              trained.model.classes};
  GateOptions gate = read_retrain_options(job.spec().options).gate;
  gate.promote_unless_worse = true;
  result.verdict = verdict_json(run_gate(comparison, gate));
  result.forgetting = forgetting_json(report_forgetting(comparison));
}

// The evaluation on the test images; null without any.
Json evaluate(const Transferred& trained, const std::string& sha256, const Dataset& dataset,
              const std::string& data) {
  LabelledLogits test;
  std::vector<int> rows;
  for (int i = 0; i < int_size(dataset.images()); ++i) {
    const ImageRecord& image = dataset.images()[i];
    if (image.split != Split::test) continue;
    rows.push_back(i);
    test.labels.push_back(image.label);
    test.images.push_back(to_hex(image.hash));
  }
  if (rows.empty()) return {};
  test.logits = rows_of(trained.logits, rows);
  EvaluationReport report = make_evaluation_report(trained.model, sha256, test);
  report.data = data;
  report.data_revision = dataset.revision();
  report.split = to_string(Split::test);
  report.statistics = measure_data(dataset);
  return evaluation_json(report);
}

Json cross_validation_json(const Transferred& trained) {
  const Transferred::Estimate estimate = trained.estimate();
  if (estimate.images == 0) return nullptr;
  return {{"folds", estimate.folds},
          {"images", estimate.images},
          {"accuracy", estimate.accuracy},
          {"accuracy_interval", estimate.accuracy_interval()},
          {"strength", trained.search.selected.strength},
          {"mirrored", trained.search.selected.views > 1}};
}

Json fine_tuning_json(const FineTuneVerdict& verdict) {
  Json json = {{"kept", verdict.better}, {"images", verdict.images}};
  if (verdict.images == 0) return json;
  json.update({{"frozen_accuracy", verdict.frozen_accuracy},
               {"tuned_accuracy", verdict.tuned_accuracy},
               {"frozen_log_loss", verdict.frozen_log_loss},
               {"tuned_log_loss", verdict.tuned_log_loss}});
  return json;
}

Provenance provenance_of(const JobSpec& spec, const ModelFile& backbone, const Transferred& trained,
                         const Dataset& dataset) {
  Provenance provenance{{"name", spec.backbone->model_name},
                        {"created", iso_seconds(std::chrono::system_clock::now())},
                        {"fovea_version", FOVEA_VERSION},
                        {"data", spec.dataset},
                        {"data_revision", dataset.revision()},
                        {"train_images", std::to_string(trained.images)}};
  provenance.merge(backbone_provenance(spec.backbone->name, backbone));
  return provenance;
}

}  // namespace

RetrainResult run_backbone_job(const JobContext& job) {
  const JobSpec& spec = job.spec();
  const ModelFile backbone = read_model_file(read_file(spec.backbone->file, kMaxModel));
  const auto folder = dataset_folder(spec.data_dir, spec.dataset);
  const Dataset dataset = open_snapshot(folder);
  const auto old_classes = spec.champion.version == 0
                               ? std::vector<std::string>()
                               : read_model(read_file(spec.champion.model, kMaxModel)).classes;
  const BackboneTrainingPlan plan =
      plan_backbone_training(spec.backbone->name, dataset, old_classes, spec.options, spec.threads);
  const Json plan_json = backbone_plan_json(plan);
  job.send(job_event::kStart, plan_json);
  Reporter reporter(job);
  Transferred trained = train_on_backbone(backbone.model, dataset,
                                          {.threads = spec.threads,
                                           .cache = folder / "features",
                                           .fine_tune = plan.fine_tune,
                                           .progress = std::ref(reporter)});
  if (trained.stopped) throw JobStopped{};
  throw_if_stopped();  // during fine-tuning, which keeps the head

  RetrainResult result;
  result.mode = "backbone";
  if (spec.champion.version != 0) compare_with_champion(job, trained, dataset, result);
  throw_if_stopped();
  const std::string sha256 = weights_sha256(write_model(trained.model));
  const Json evaluation = evaluate(trained, sha256, dataset, spec.dataset);
  Json metrics = evaluation.is_null() ? Json::object() : evaluation["metrics"];
  if (!evaluation.is_null()) {
    metrics["test_images"] = metrics["count"];
    metrics["test_accuracy"] = metrics["accuracy"];
    job.write(kEvaluationFile, evaluation);
    result.evaluation = kEvaluationFile;
  }
  metrics["cross_validation"] = cross_validation_json(trained);
  if (trained.fine_tuning) metrics["fine_tuning"] = fine_tuning_json(*trained.fine_tuning);
  trained.model.provenance = provenance_of(spec, backbone, trained, dataset);
  trained.model.provenance["metrics"] = metrics.dump();
  job.write(kModelFile, write_model(trained.model));
  result.model = kModelFile;
  result.manifest = {{"mode", "backbone"},
                     {"why", plan_json["why"]},
                     {"notes", trained.notes},
                     {"data_time", newest_addition(dataset.index())},
                     {"classes_elsewhere", 0},
                     {"new_images", trained.images},
                     {"old_images", 0},
                     {"history", Json::array()},
                     {"metrics", std::move(metrics)}};
  return result;
}

}  // namespace fovea::server
