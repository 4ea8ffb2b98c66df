#include "tools/fovea/train_run.h"

#include <fmt/format.h>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/dataset.h"
#include "engine/eval/evaluate.h"
#include "engine/fit/calibrate.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/report/interval_json.h"
#include "engine/train/checkpoint.h"
#include "engine/train/micro_batches.h"
#include "engine/train/run_state.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/options.h"
#include "tools/fovea/train_log.h"
#include "tools/fovea/train_ranks.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kModelFile = "model.safetensors";

struct TrainingImages {
  TrainingSet train;
  std::optional<TrainingSet> val;
  Preprocess preprocess;
};

TrainingImages load_images(const TrainPlan& plan, int threads, std::string& revision) {
  const Dataset dataset = open_dataset(plan.data_dir, plan.data);
  if (dataset.classes().size() < 2) {
    throw ConfigError(fmt::format("dataset {} has one class; two are needed", plan.data));
  }
  revision = dataset.revision();
  TrainingImages images;
  Preprocess& preprocess = images.preprocess;
  preprocess.size = plan.size;
  preprocess.fit = parse_fit(plan.fit);
  const std::vector<Split> splits =
      plan.all ? std::vector{Split::train, Split::val} : std::vector{Split::train};
  images.train = load_training_set(dataset, splits, plan.size, preprocess.fit, {}, threads);
  channel_statistics(images.train, preprocess.mean, preprocess.std);
  if (!plan.all) {
    TrainingSet val = load_training_set(dataset, {Split::val}, plan.size, preprocess.fit,
                                        preprocess.mean, threads);
    if (val.count() > 0) images.val = std::move(val);
  }
  return images;
}

// Fits the temperature, adds the provenance, writes model.safetensors and prints its path.
// `selected` is the epoch that the weights are from.
void write_result(Network network, const EpochReport& selected, const TrainingImages& images,
                  const TrainPlan& plan, const Recipe& recipe, int threads, const fs::path& run,
                  TrainLog& log) {
  Model model{std::move(network), images.preprocess, images.train.classes, 1.0f, {}};
  json metrics = json::object();
  std::optional<Temperature> temperature;
  if (images.val) {
    const Tensor logits = evaluate_logits(model.network, images.preprocess, *images.val, threads);
    temperature = fit_temperature(logits, images.val->labels);
    model.temperature = temperature->value;
    const auto correct = std::llround(selected.val_accuracy * images.val->count());
    metrics = {{"val_accuracy", selected.val_accuracy},
               {"val_accuracy_interval", wilson_interval(correct, images.val->count())},
               {"val_loss", selected.val_loss},
               {"val_images", images.val->count()},
               {"temperature_interval", temperature->interval}};
  }
  if (plan.temperature) model.temperature = *plan.temperature;
  model.provenance = {{"name", plan.data + "-" + recipe.preset},
                      {"created", plan.created},
                      {"fovea_version", FOVEA_VERSION},
                      {"preset", recipe.preset},
                      {"recipe", plan.recipe},
                      {"seed", std::to_string(recipe.seed)},
                      {"data", plan.data},
                      {"data_revision", plan.data_revision},
                      {"train_images", std::to_string(images.train.count())},
                      {"metrics", metrics.dump()},
                      {"command", plan.command}};
  const std::string sha256 = save_model(model, run);
  metrics["temperature"] = model.temperature;
  metrics["model"] = kModelFile;
  metrics["weights_sha256"] = sha256;
  log.event("end", metrics);
  if (temperature && temperature->few_images() && !plan.temperature) {
    fmt::print(
        "Too few images to calibrate: {} leave the temperature between {:.2g} and {:.2g}, so the "
        "probabilities may be too high or too low.\n",
        server::counted(temperature->images, "validation image"), temperature->interval.low,
        temperature->interval.high);
  }
}

void report_stop(const fs::path& run, const std::string& program, TrainLog& log) {
  log.event("stopped", json::object());
  fmt::print(stderr,
             "Stopped; a checkpoint was written. To resume, with the same result:\n"
             "  {} train --resume {}\n",
             program, run.string());
  std::fflush(stdout);
}

// Writes the start of the run to its log and to stdout.
void report_start(bool resume, const fs::path& run, const TrainPlan& plan, const Recipe& recipe,
                  const TrainingImages& sets, std::int64_t parameters, int threads, int ranks,
                  TrainLog& log) {
  const int images = sets.train.count();
  const std::vector<std::string>& classes = sets.train.classes;
  json fields = {{"preset", recipe.preset},
                 {"data", plan.data},
                 {"classes", classes},
                 {"train_images", images},
                 {"val_images", sets.val ? sets.val->count() : 0},
                 {"parameters", parameters},
                 {"threads", threads},
                 {"epochs", recipe.epochs}};
  std::string team = server::counted(threads, "thread");
  if (ranks > 1) {
    fields["ranks"] = ranks;
    team = fmt::format("{} with {} each", server::counted(ranks, "rank"), team);
  }
  log.event(resume ? "resume" : "start", std::move(fields));
  fmt::print("{} preset {} ({}) on {} of dataset {}, {} classes, {}\nRun folder: {}\n",
             resume ? "Resuming" : "Training", recipe.preset,
             server::counted(parameters, "parameter"), server::counted(images, "image"), plan.data,
             classes.size(), team, run.string());
  std::fflush(stdout);
  const int lanes = ceil_div(std::min(recipe.batch, images), recipe.lane);
  if (ranks > lanes) {
    fmt::print(stderr,
               "A batch of {} images has {} of {}, so {} of {} ranks have nothing to compute; see "
               "docs/distributed-training.md\n",
               std::min(recipe.batch, images), server::counted(lanes, "lane"), recipe.lane,
               ranks - lanes, ranks);
  }
}

// The plan of rank 0, on all ranks. `run` is set on rank 0.
Recipe agree_on_plan(TrainArguments& arguments, const TrainRanks& ranks, fs::path& run) {
  TrainPlan& plan = arguments.plan;
  ranks.on_first([&] {
    if (!arguments.resume.empty()) {
      run = arguments.resume;
      plan = read_plan(run);
    } else {
      complete_plan(plan, arguments.preset, arguments.fields);
      run = new_run_folder(plan, arguments.preset, arguments.out);
    }
    if (plan.all && !plan.temperature) {
      throw ConfigError(
          "--all leaves no validation images for fitting the temperature; add --temperature T");
    }
  });
  if (ranks.size() > 1) plan = parse_plan(ranks.shared(plan_text(plan)), "plan of rank 0");
  return parse_recipe(plan.recipe);
}

// The images, which are the same on all ranks.
TrainingImages load_same_images(TrainPlan& plan, bool resume, int threads,
                                const TrainRanks& ranks) {
  TrainingImages images;
  std::string revision;
  ranks.together([&] {
    images = load_images(plan, threads, revision);
    release_freed_memory();
  });
  ranks.require_same("revision of dataset " + plan.data, revision);
  ranks.on_first([&] {
    if (resume && revision != plan.data_revision) {
      throw ConfigError(fmt::format(
          "dataset {} has changed since the run was started: its revision is {}, expected {}",
          plan.data, revision, plan.data_revision));
    }
  });
  plan.data_revision = revision;
  return images;
}

// train(), with its errors in the log.
TrainResult train_logged(Network& network, const TrainingImages& images, const Recipe& recipe,
                         int threads, std::vector<std::uint8_t> checkpoint, const TrainRanks& ranks,
                         TrainLog* log, const fs::path& run, const std::string& program) {
  TrainObserver silent;
  try {
    return train(network, images.train, images.val ? &*images.val : nullptr, images.preprocess,
                 recipe, threads, log != nullptr ? *log : silent, std::move(checkpoint), {},
                 ranks.ranks());
  } catch (const TrainingDiverged&) {
    if (log != nullptr) log->event("diverged", json::object());
    ranks.leave();
    throw;
  } catch (const RankLost& error) {
    if (!ranks.first() && ranks.stop_signal_received()) throw ExitStatus{1};  // rank 0 reports it
    if (!ranks.first() || !fs::exists(run / kCheckpointFile)) throw;
    log->event("rank_lost", {{"error", error.what()}});
    throw RankLost(fmt::format(
        "{}\nThe checkpoint is complete. To resume on any number of ranks, with the same result:\n"
        "  {} train --resume {}",
        error.what(), program, run.string()));
  }
}

}  // namespace

std::string save_model(const Model& model, const fs::path& run) {
  const std::vector<std::uint8_t> bytes = write_model(model);
  std::string sha256 = weights_sha256(bytes);
  const fs::path path = run / kModelFile;
  write_file_atomically(path, bytes);
  fmt::print("{}  ({} KiB, temperature {:.6g}, weights SHA-256 {:.12})\n", path.string(),
             bytes.size() / 1024, model.temperature, sha256);
  return sha256;
}

void end_by_signal() {
  const int number = server::StopSignals::received();
  std::signal(number, SIG_DFL);
  std::raise(number);
  throw ExitStatus{1};
}

void run_train(TrainArguments& arguments, const std::string& program) {
  const bool resume = !arguments.resume.empty();
  limit_heap_growth(HeapUse::training);
  const TrainRanks ranks;
  TrainPlan& plan = arguments.plan;
  fs::path run;
  const Recipe recipe = agree_on_plan(arguments, ranks, run);
  const int threads = ranks.threads(arguments.threads);
  const TrainingImages images = load_same_images(plan, resume, threads, ranks);
  const int classes = static_cast<int>(images.train.classes.size());
  Network network(preset_network(recipe.preset, plan.size, classes, recipe.dropout));
  network.initialise(recipe.seed, recipe.init);

  std::vector<std::uint8_t> checkpoint;
  std::optional<TrainLog> log;                 // of rank 0
  std::optional<server::StopSignals> signals;  // likewise
  ranks.on_first([&] {
    std::vector<EpochReport> history;
    if (resume && fs::exists(run / kCheckpointFile)) {
      checkpoint = read_file(run / kCheckpointFile);
      Checkpoint saved = read_checkpoint(checkpoint);
      history = RunState::take_from(saved).history;
    } else {
      write_plan(plan, run);
    }
    log.emplace(run, recipe.epochs, images.train.count(), std::move(history));
    report_start(resume, run, plan, recipe, images, network.parameter_count(), threads,
                 ranks.size(), *log);
    signals.emplace();
  });
  const TrainResult result = train_logged(network, images, recipe, threads, std::move(checkpoint),
                                          ranks, log ? &*log : nullptr, run, program);
  const bool stopped = result.outcome == TrainOutcome::stopped;
  if (stopped && log) report_stop(run, program, *log);  // before mpirun may kill this process
  ranks.leave();
  if (stopped) end_by_signal();
  if (result.outcome == TrainOutcome::stopped_early) {
    fmt::print("Stopped early: no lower validation loss for {}; using the weights of epoch {}\n",
               server::counted(recipe.patience, "epoch"), result.best_epoch + 1);
  }
  const EpochReport& selected = recipe.patience > 0
                                    ? result.history[static_cast<std::size_t>(result.best_epoch)]
                                    : result.history.back();
  write_result(std::move(network), selected, images, plan, recipe, threads, run, *log);
}

}  // namespace fovea::tools
