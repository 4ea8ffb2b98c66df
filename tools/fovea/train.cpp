#include <fmt/format.h>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/dataset.h"
#include "engine/eval/calibrate.h"
#include "engine/eval/evaluate.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/train/checkpoint.h"
#include "engine/train/run_state.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/train_log.h"
#include "tools/fovea/train_plan.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct TrainingImages {
  TrainingSet train;
  std::optional<TrainingSet> val;
  Preprocess preprocess;
};

struct TrainArguments {
  TrainPlan plan;
  std::string preset = "small";
  RecipeFields fields;  // in the order given
  std::string out;
  std::string resume;
  int threads = 0;
};

TrainingImages load_images(const TrainPlan& plan, int threads, std::string& revision) {
  const Dataset dataset = open_dataset(plan.data_dir, plan.data);
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
  if (images.val) {
    const Tensor logits = evaluate_logits(model.network, images.preprocess, *images.val, threads);
    model.temperature = fit_temperature(logits, images.val->labels);
    metrics = {{"val_accuracy", selected.val_accuracy},
               {"val_loss", selected.val_loss},
               {"val_images", images.val->count()}};
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
  const std::vector<std::uint8_t> bytes = write_model(model);
  const fs::path path = run / "model.safetensors";
  write_file_atomically(path, bytes);
  metrics["temperature"] = model.temperature;
  metrics["model"] = path.filename().string();
  metrics["weights_sha256"] = weights_sha256(bytes);
  log.event("end", metrics);
  fmt::print("{}  ({} KiB, temperature {:.6g}, weights SHA-256 {:.12})\n", path.string(),
             bytes.size() / 1024, model.temperature, metrics["weights_sha256"].get<std::string>());
}

void report_stop(const fs::path& run, const std::string& program) {
  fmt::print(stderr,
             "Stopped; a checkpoint was written. To resume, with the same result:\n"
             "  {} train --resume {}\n",
             program, run.string());
  std::fflush(stdout);
  const int number = server::StopSignals::received();
  std::signal(number, SIG_DFL);
  std::raise(number);  // so that the parent process sees the signal
}

// Writes the start of the run to its log and to stdout.
void report_start(bool resume, const fs::path& run, const TrainPlan& plan, const Recipe& recipe,
                  const TrainingImages& sets, std::int64_t parameters, int threads, TrainLog& log) {
  const int images = sets.train.count();
  const std::vector<std::string>& classes = sets.train.classes;
  log.event(resume ? "resume" : "start", {{"preset", recipe.preset},
                                          {"data", plan.data},
                                          {"classes", classes},
                                          {"train_images", images},
                                          {"val_images", sets.val ? sets.val->count() : 0},
                                          {"parameters", parameters},
                                          {"threads", threads},
                                          {"epochs", recipe.epochs}});
  fmt::print("{} preset {} ({}) on {} of dataset {}, {} classes, {}\nRun folder: {}\n",
             resume ? "Resuming" : "Training", recipe.preset,
             server::counted(parameters, "parameter"), server::counted(images, "image"), plan.data,
             classes.size(), server::counted(threads, "thread"), run.string());
  std::fflush(stdout);
}

void run_train(TrainArguments& arguments, const std::string& program) {
  const bool resume = !arguments.resume.empty();
  limit_heap_growth(HeapUse::training);
  TrainPlan& plan = arguments.plan;
  if (resume) plan = read_plan(arguments.resume);
  const Recipe recipe =
      resume ? parse_recipe(plan.recipe) : complete_plan(plan, arguments.preset, arguments.fields);
  const fs::path run =
      resume ? fs::path(arguments.resume) : new_run_folder(plan, arguments.preset, arguments.out);
  if (plan.all && !plan.temperature) {
    throw ConfigError(
        "--all leaves no validation images for fitting the temperature; add --temperature T");
  }
  const int threads = threads_or_all(arguments.threads);

  std::string revision;
  const TrainingImages images = load_images(plan, threads, revision);
  release_freed_memory();
  if (resume && revision != plan.data_revision) {
    throw ConfigError(fmt::format(
        "dataset {} has changed since the run was started: its revision is {}, expected {}",
        plan.data, revision, plan.data_revision));
  }
  plan.data_revision = revision;
  const int classes = static_cast<int>(images.train.classes.size());
  Network network(preset_network(recipe.preset, plan.size, classes, recipe.dropout));
  network.initialise(recipe.seed, recipe.init);
  std::vector<std::uint8_t> checkpoint;
  std::vector<EpochReport> history;
  if (resume && fs::exists(run / kCheckpointFile)) {
    checkpoint = read_file(run / kCheckpointFile);
    Checkpoint saved = read_checkpoint(checkpoint);
    history = RunState::take_from(saved).history;
  } else {
    write_plan(plan, run);
  }

  TrainLog log(run, recipe.epochs, images.train.count(), std::move(history));
  report_start(resume, run, plan, recipe, images, network.parameter_count(), threads, log);
  const server::StopSignals signals;
  TrainResult result;
  try {
    result = train(network, images.train, images.val ? &*images.val : nullptr, images.preprocess,
                   recipe, threads, log, std::move(checkpoint));
  } catch (const TrainingDiverged&) {
    log.event("diverged", json::object());
    throw;
  }
  if (result.outcome == TrainOutcome::stopped) {
    log.event("stopped", json::object());
    return report_stop(run, program);
  }
  if (result.outcome == TrainOutcome::stopped_early) {
    fmt::print("Stopped early: no lower validation loss for {}; using the weights of epoch {}\n",
               server::counted(recipe.patience, "epoch"), result.best_epoch + 1);
  }
  const EpochReport& selected = recipe.patience > 0
                                    ? result.history[static_cast<std::size_t>(result.best_epoch)]
                                    : result.history.back();
  write_result(std::move(network), selected, images, plan, recipe, threads, run, log);
}

// An option that sets a field of the recipe.
void add_field(Verb& verb, std::shared_ptr<TrainArguments> arguments, const std::string& name,
               const std::string& key, const std::string& value_name, const std::string& help) {
  verb.value(
          name, [arguments, key](const std::string& v) { arguments->fields.emplace_back(key, v); },
          help)
      .value_name(value_name)
      .group("Recipe");
}

void add_recipe_options(Verb& verb, const std::shared_ptr<TrainArguments>& arguments) {
  add_field(verb, arguments, "--epochs", "epochs", "N", "Number of epochs");
  add_field(verb, arguments, "--batch", "batch", "N", "Batch size");
  add_field(verb, arguments, "--lane", "lane", "N",
            "Micro-batch size: images that share batch-norm statistics");
  add_field(verb, arguments, "--lr", "lr", "X", "Learning rate (its peak)");
  add_field(verb, arguments, "--optimizer", "optimizer", "NAME", "Optimizer: sgd, adam or adamw");
  add_field(verb, arguments, "--schedule", "schedule", "NAME",
            "Learning rate schedule: constant, step, cosine, one-cycle or plateau");
  add_field(verb, arguments, "--weight-decay", "weight_decay", "X",
            "Weight decay; biases and batch-norm parameters are exempt");
  add_field(verb, arguments, "--label-smoothing", "label_smoothing", "X",
            "Label smoothing: target probability spread over all classes");
  add_field(verb, arguments, "--dropout", "dropout", "X",
            "Factor applied to the dropout rates of the preset");
  add_field(verb, arguments, "--seed", "seed", "N", "Random seed");
  add_field(verb, arguments, "--patience", "patience", "N",
            "Early stopping after N epochs without a lower validation loss; 0: off");
  verb.value(
          "--class-weights",
          [arguments](const std::string& value) {
            arguments->fields.emplace_back("balanced", value == "balanced" ? "yes" : "no");
          },
          "balanced: weight the loss of a class by the inverse of its frequency")
      .value_name("KIND")
      .one_of({"balanced", "none"})
      .group("Recipe");
  verb.each_value(
          "--set",
          [arguments](const std::string& text) {
            const std::size_t equals = text.find('=');
            if (equals == std::string::npos) {
              throw UsageError("--set: expected KEY=VALUE, not \"" + text + "\"");
            }
            arguments->fields.emplace_back(text.substr(0, equals), text.substr(equals + 1));
          },
          "Set any field of the recipe; the run.json of a run lists them")
      .value_name("KEY=VALUE")
      .group("Recipe");
}

// A resumed run keeps its settings: rejects options that would be ignored.
void check_resume_options(const Verb& verb) {
  for (const Option& option : verb.options()) {
    if (option.given() && option.name() != "--resume" && option.name() != "--threads") {
      throw UsageError("--resume cannot be combined with " + option.name());
    }
  }
}

}  // namespace

void add_train(Verb& program) {
  Verb verb = program.verb("train", "Train a network on a dataset");
  const auto arguments = std::make_shared<TrainArguments>();
  TrainPlan& plan = arguments->plan;
  const Option resume =
      verb.option("--resume", arguments->resume,
                  "Folder of an interrupted run to resume, with exactly the same result")
          .value_name("RUN");
  const Option data = add_dataset(verb, plan.data, "Dataset to train on");
  add_data_dir(verb, plan.data_dir);
  verb.option("--preset", arguments->preset, "Network architecture and recipe")
      .value_name("NAME")
      .one_of(preset_names())
      .show_default();
  verb.option("--size", plan.size, "Width and height of the network's input")
      .value_name("PIXELS")
      .range(8, 1024)
      .show_default();
  verb.option("--fit", plan.fit, "How images are made square")
      .value_name("HOW")
      .one_of({"crop", "stretch", "pad"})
      .show_default();
  verb.flag("--all", plan.all, "Train on the validation images, too (requires --temperature)");
  verb.option("--temperature", plan.temperature,
              "Temperature for calibration, from an earlier run, instead of fitting it")
      .value_name("T")
      .range(0.05, 20.0);
  add_threads(verb, arguments->threads);
  verb.option("--out", arguments->out,
              "Run folder (default: a new folder in runs/ of the data directory)")
      .value_name("DIR");
  add_recipe_options(verb, arguments);
  verb.action([arguments, verb, data, resume] {
    if (!data.given() && !resume.given()) throw UsageError("--data or --resume is required");
    if (resume.given()) check_resume_options(verb);
    // Absolute, because a resume may start in another directory.
    arguments->plan.data_dir = fs::absolute(data_dir_or_default(arguments->plan.data_dir)).string();
    run_train(*arguments, verb.program());
  });
}

}  // namespace fovea::tools
