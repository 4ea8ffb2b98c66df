#include "tools/fovea/train_backbone.h"

#include <fmt/format.h>
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
    if (phase == TransferPhase::features) {
      show(features_, "computing features", done);
    } else {
      if (!head_start_) head_start_ = Clock::now();
      features_.reset();
      show(head_, "training the head", done);
    }
    return server::StopSignals::received() == 0;
  }
  void end() {
    features_.reset();
    head_.reset();
    end_ = Clock::now();
  }
  double feature_seconds() const { return seconds(start_, head_start_.value_or(end_)); }
  double head_seconds() const { return seconds(head_start_.value_or(end_), end_); }

 private:
  static double seconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }
  static void show(std::optional<ProgressBar>& bar, const char* title, double done) {
    if (!bar) bar.emplace(title);
    bar->show(done, "");
  }

  server::StopSignals signals_;
  std::optional<ProgressBar> features_, head_;
  const Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> head_start_;
  Clock::time_point end_ = start_;
};

void print_search(const Transferred& trained, const Progress& progress) {
  const HeadSearch& search = trained.search;
  fmt::print("Features: {}, {} computed, {:.1f} s\n",
             server::counted(trained.features.shape().n, "image"), trained.computed,
             progress.feature_seconds());
  const char* views = search.selected.views > 1 ? "images and mirror images" : "images as they are";
  if (search.folds == 0) {
    fmt::print("Head: {}, {:.1f} s; too few images for cross-validation\n", views,
               progress.head_seconds());
    return;
  }
  fmt::print("Head: {}, regularisation c = {:g}, {:.1f} s\n", views, search.selected.strength,
             progress.head_seconds());
  fmt::print("Accuracy in {}-fold cross-validation: {:.1f} %, {}\n", search.folds,
             100 * search.selected.accuracy,
             interval_text(accuracy_interval(search, trained.images)));
}

void write_result(Transferred& trained, const TrainPlan& plan, const std::string& backbone,
                  const fovea::ModelFile& file, const fs::path& run) {
  Model& model = trained.model;
  const json metrics = head_json<json>(trained.search, trained.images);
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
  plan.command = fmt::format("fovea train --data {} --backbone {} --size {} --fit {}", plan.data,
                             name, plan.size, plan.fit);
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
}

}  // namespace fovea::tools
