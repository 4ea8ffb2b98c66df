#include "tools/fovea/train_backbone.h"

#include <fmt/format.h>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/fit/interval.h"
#include "engine/model/model_file.h"
#include "engine/report/head_json.h"
#include "engine/transfer/transfer.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/text/time.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/progress.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

// Seconds of each phase, and the progress bar.
class Progress {
 public:
  bool operator()(TransferPhase phase, double done) {
    if (phase != phase_) {
      begin(phase);
      constexpr const char* kTitles[] = {"computing features", "training the head", "fine-tuning"};
      bar_.emplace(kTitles[static_cast<std::size_t>(phase)]);
    }
    bar_->show(done, "");
    return server::StopSignals::received() == 0;
  }
  void end() { begin({}); }
  double seconds(TransferPhase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }

 private:
  void begin(std::optional<TransferPhase> phase) {
    const Clock::time_point now = Clock::now();
    if (phase_) {
      seconds_[static_cast<std::size_t>(*phase_)] =
          std::chrono::duration<double>(now - started_).count();
    }
    bar_.reset();
    phase_ = phase;
    started_ = now;
  }

  server::StopSignals signals_;
  std::optional<ProgressBar> bar_;
  std::optional<TransferPhase> phase_;
  Clock::time_point started_;
  std::array<double, 3> seconds_{};
};

json fine_tuning_json(const FineTuneVerdict& verdict) {
  json result = {{"kept", verdict.better}};
  if (verdict.stopped) result["stopped"] = true;
  if (verdict.images == 0) return result;
  result.update({{"images", verdict.images},
                 {"frozen_accuracy", verdict.frozen_accuracy},
                 {"frozen_log_loss", verdict.frozen_log_loss},
                 {"tuned_accuracy", verdict.tuned_accuracy},
                 {"tuned_log_loss", verdict.tuned_log_loss}});
  return result;
}

// Of the network that was kept.
json metrics_of(const Transferred& trained) {
  json metrics = head_json<json>(trained.search, trained.images);
  if (trained.fine_tuning) metrics["fine_tuning"] = fine_tuning_json(*trained.fine_tuning);
  if (!trained.is_fine_tuned()) return metrics;
  const Transferred::Estimate estimate = trained.estimate();
  metrics.update({{"folds", estimate.folds},
                  {"cross_validated_images", estimate.images},
                  {"cross_validated_accuracy", estimate.accuracy},
                  {"cross_validated_accuracy_interval", estimate.accuracy_interval()},
                  {"cross_validated_log_loss", estimate.log_loss},
                  {"temperature_interval", trained.temperature.interval}});
  return metrics;
}

void print_search(const Transferred& trained, const Progress& progress) {
  const HeadSearch& search = trained.search;
  fmt::print("Features: {}, {} computed, {:.1f} s\n", server::counted(trained.images, "image"),
             trained.computed, progress.seconds(TransferPhase::features));
  const char* views = search.selected.views > 1 ? "images and mirror images" : "images as they are";
  const double head_seconds = progress.seconds(TransferPhase::head);
  if (search.folds == 0) {
    fmt::print("Head: {}, {:.1f} s; too few images for cross-validation\n", views, head_seconds);
  } else {
    fmt::print("Head: {}, regularisation c = {:g}, {:.1f} s\n", views, search.selected.strength,
               head_seconds);
  }
  if (trained.fine_tuning) {
    fmt::print("Fine-tuning: {:.1f} s\n", progress.seconds(TransferPhase::fine_tune));
  }
  const Transferred::Estimate estimate = trained.estimate();
  if (estimate.images == 0) return;
  fmt::print("Accuracy in {}-fold cross-validation{}: {:.1f} %, {}\n", estimate.folds,
             trained.is_fine_tuned() ? " of " + server::counted(estimate.images, "image") : "",
             100 * estimate.accuracy, interval_text(estimate.accuracy_interval()));
}

void write_result(Transferred& trained, const TrainPlan& plan, const std::string& backbone,
                  const fovea::ModelFile& file, const fs::path& run) {
  Model& model = trained.model;
  const json metrics = metrics_of(trained);
  model.provenance = {
      {"name", plan.data + "-" + backbone},  {"created", plan.created},
      {"fovea_version", FOVEA_VERSION},      {"data", plan.data},
      {"data_revision", plan.data_revision}, {"train_images", std::to_string(trained.images)},
      {"metrics", metrics.dump()},           {"command", plan.command}};
  model.provenance.merge(backbone_provenance(backbone, file));
  const json document = {{"command", plan.command},
                         {"created", plan.created},
                         {"data", plan.data},
                         {"data_dir", plan.data_dir},
                         {"data_revision", plan.data_revision},
                         {"backbone", backbone},
                         {"size", model.preprocess.size},
                         {"fit", plan.fit},
                         {"metrics", metrics}};
  write_file_atomically(run / "run.json", document.dump(2) + "\n");
  save_model(model, run);
}

}  // namespace

void run_train_backbone(TrainArguments& arguments) {
  limit_heap_growth(HeapUse::training);
  TrainPlan& plan = arguments.plan;
  const std::string& name = arguments.backbone;
  const fovea::ModelFile backbone =
      read_model_file(read_file(installed_backbone(plan.data_dir, name)));
  const Dataset dataset = open_dataset(plan.data_dir, plan.data);
  plan.data_revision = dataset.revision();
  plan.created = server::iso_seconds(std::chrono::system_clock::now());
  if (plan.size == 0) plan.size = backbone.model.preprocess.size;
  plan.command = fmt::format("fovea train --data {} --backbone {} --size {} --fit {}{}", plan.data,
                             name, plan.size, plan.fit, arguments.fine_tune ? " --fine-tune" : "");
  const fs::path run = new_run_folder(plan, name, arguments.out);
  fmt::print(
      "Training on the features of {} at {} pixels, dataset {}, {} classes\nRun folder: {}\n", name,
      plan.size, plan.data, dataset.classes().size(), run.string());
  std::fflush(stdout);

  Progress progress;
  TransferOptions options;
  options.size = plan.size;
  options.fit = parse_fit(plan.fit);
  options.threads = threads_or_all(arguments.threads);
  options.cache = dataset_folder(plan.data_dir, plan.data) / "features";
  options.fine_tune = arguments.fine_tune;
  options.test_images = false;  // `fovea eval` classifies them
  options.progress = std::ref(progress);
  Transferred trained = train_on_backbone(backbone.model, dataset, options);
  progress.end();
  if (trained.stopped) {
    fmt::print(stderr, "Stopped; the features that were computed are stored.\n");
    end_by_signal();
  }
  print_search(trained, progress);
  write_result(trained, plan, name, backbone, run);
  for (const std::string& note : trained.notes) fmt::print("{}\n", note);
  if (trained.fine_tuning && trained.fine_tuning->stopped) {
    std::fflush(stdout);
    end_by_signal();
  }
}

}  // namespace fovea::tools
