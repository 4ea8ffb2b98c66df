#include <csignal>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/eval/calibrate.h"
#include "engine/eval/evaluate.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/train/checkpoint.h"
#include "engine/train/run_state.h"
#include "tools/fovea/train_log.h"
#include "tools/fovea/train_plan.h"
#include "tools/fovea/verbs.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct TrainingImages {
  TrainingSet train;
  std::optional<TrainingSet> val;
  Preprocess preprocess;
};

struct Arguments {
  TrainPlan plan;
  std::string preset = "small";
  RecipeFields fields;  // in the order given
  std::string out;
  std::string resume;
  int threads = 0;
};

TrainingImages load_images(const TrainPlan& plan, int threads, std::string& revision) {
  const Dataset dataset = Dataset::open(dataset_folder(plan.data_dir, plan.data));
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

// Large blocks go back to the system when freed, so that loading, training and checkpoints do not
// add up: a run fits in memory of its own size beside the images.
void keep_memory_low() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void release_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// `kept` is the epoch whose weights these are. Temperature, provenance, model.safetensors; says
// where it is and how good.
void write_result(Network network, const EpochReport& kept, const TrainingImages& images,
                  const TrainPlan& plan, const Recipe& recipe, int threads, const fs::path& run,
                  TrainLog& log) {
  Model model{std::move(network), images.preprocess, images.train.classes, 1.0f, {}};
  json metrics = json::object();
  if (images.val) {
    const Tensor logits = evaluate_logits(model.network, images.preprocess, *images.val, threads);
    model.temperature = fit_temperature(logits, images.val->labels);
    metrics = {{"val_accuracy", kept.val_accuracy},
               {"val_loss", kept.val_loss},
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
  std::cout << path.string() << "  (" << bytes.size() / 1024 << " KiB, temperature "
            << model.temperature << ", weights sha256 "
            << metrics["weights_sha256"].get<std::string>().substr(0, 12) << ")\n";
}

void say_stopped(const fs::path& run, const std::string& program) {
  std::cerr << "Stopped; the checkpoint is written. Go on with exactly the same result by\n  "
            << program << " train --resume " << run.string() << std::endl;
  const int number = server::StopSignals::received();
  std::signal(number, SIG_DFL);
  std::raise(number);  // ends as the sender of the signal expects
}

// To the run's log and to the terminal.
void say_started(bool resume, const fs::path& run, const TrainPlan& plan, const Recipe& recipe,
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
  std::cout << (resume ? "Resuming " : "Training ") << recipe.preset << " (" << parameters
            << " parameters) on " << images << " images of " << plan.data << ", " << classes.size()
            << " classes, " << threads << " threads\nRun folder: " << run.string() << std::endl;
}

void run_train(Arguments& arguments, const std::string& program) {
  const bool resume = !arguments.resume.empty();
  keep_memory_low();
  TrainPlan& plan = arguments.plan;
  if (resume) plan = read_plan(arguments.resume);
  const Recipe recipe =
      resume ? parse_recipe(plan.recipe) : complete_plan(plan, arguments.preset, arguments.fields);
  const fs::path run =
      resume ? fs::path(arguments.resume) : new_run_folder(plan, arguments.preset, arguments.out);
  if (plan.all && !plan.temperature) {
    throw ConfigError("--all leaves no images to fit the temperature on: give --temperature T");
  }
  const int threads = arguments.threads > 0 ? arguments.threads : available_threads();

  std::string revision;
  const TrainingImages images = load_images(plan, threads, revision);
  release_memory();
  if (resume && revision != plan.data_revision) {
    throw ConfigError("the dataset " + plan.data + " has changed since the run began: revision " +
                      revision + ", not " + plan.data_revision);
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
  say_started(resume, run, plan, recipe, images, network.parameter_count(), threads, log);
  const server::StopSignals signals;
  TrainResult result;
  try {
    result = train(network, images.train, images.val ? &*images.val : nullptr, images.preprocess,
                   recipe, threads, log, std::move(checkpoint));
  } catch (const TrainingDiverged&) {
    log.event("diverged", json::object());
    throw;
  }
  switch (result.outcome) {
    case TrainOutcome::stopped:
      log.event("stopped", json::object());
      return say_stopped(run, program);
    case TrainOutcome::stopped_early:
      std::cout << "No lower validation loss for " << recipe.patience << " epochs: keeping epoch "
                << result.best_epoch + 1 << "\n";
      break;
    case TrainOutcome::finished:
      break;
  }
  const EpochReport& kept = recipe.patience > 0
                                ? result.history[static_cast<std::size_t>(result.best_epoch)]
                                : result.history.back();
  write_result(std::move(network), kept, images, plan, recipe, threads, run, log);
}

// --name VALUE sets a field of the recipe.
void add_field(Verb& verb, std::shared_ptr<Arguments> arguments, const std::string& name,
               const std::string& key, const std::string& help) {
  verb.each_value(
          name, [arguments, key](const std::string& v) { arguments->fields.emplace_back(key, v); },
          help)
      .group("Recipe");
}

void add_recipe_options(Verb& verb, const std::shared_ptr<Arguments>& arguments) {
  add_field(verb, arguments, "--epochs", "epochs", "Passes over the images");
  add_field(verb, arguments, "--batch", "batch", "Images per update");
  add_field(verb, arguments, "--lane", "lane", "Images that share batch-norm statistics");
  add_field(verb, arguments, "--lr", "lr", "Peak learning rate");
  add_field(verb, arguments, "--optimizer", "optimizer", "sgd, adam or adamw");
  add_field(verb, arguments, "--schedule", "schedule",
            "constant, step, cosine, one-cycle or plateau");
  add_field(verb, arguments, "--weight-decay", "weight_decay", "Not on biases and batch norm");
  add_field(verb, arguments, "--label-smoothing", "label_smoothing", "Share given to all classes");
  add_field(verb, arguments, "--dropout", "dropout", "Factor on the preset's dropout rates");
  add_field(verb, arguments, "--seed", "seed", "Decides everything random");
  add_field(verb, arguments, "--patience", "patience",
            "Stop after so many epochs without a lower validation loss; 0 = never");
  verb.each_value(
          "--class-weights",
          [arguments](const std::string& value) {
            arguments->fields.emplace_back("balanced", value == "balanced" ? "yes" : "no");
          },
          "balanced: rare classes weigh more")
      .one_of({"balanced", "none"})
      .group("Recipe");
  verb.each_value(
          "--set",
          [arguments](const std::string& text) {
            const std::size_t equals = text.find('=');
            if (equals == std::string::npos) {
              throw UsageError("--set: no \"=\" in \"" + text + "\"");
            }
            arguments->fields.emplace_back(text.substr(0, equals), text.substr(equals + 1));
          },
          "KEY=VALUE for any field of the recipe, see run.json of a run")
      .group("Recipe");
}

// A run goes on with its own settings; an option that would be ignored is refused.
void refuse_beside_resume(const Verb& verb) {
  for (const Option& option : verb.options()) {
    if (option.given() && option.name() != "--resume" && option.name() != "--threads") {
      throw UsageError("--resume excludes " + option.name());
    }
  }
}

}  // namespace

void add_train(Verb& program) {
  Verb verb = program.verb("train", "Train a network on a dataset");
  const auto arguments = std::make_shared<Arguments>();
  TrainPlan& plan = arguments->plan;
  const Option resume = verb.option("--resume", arguments->resume,
                                    "Run folder of an interrupted run to continue, bit for bit");
  const Option data = verb.option("--data", plan.data, "Name of the dataset");
  verb.option("--data-dir", plan.data_dir, "Where datasets and runs are kept");
  verb.option("--preset", arguments->preset, "Network and recipe")
      .one_of(preset_names())
      .show_default();
  verb.option("--size", plan.size, "Edge of the network's input, pixels")
      .range(8, 1024)
      .show_default();
  verb.option("--fit", plan.fit, "How images are made square")
      .one_of({"crop", "stretch", "pad"})
      .show_default();
  verb.flag("--all", plan.all, "Train on the validation images, too (needs --temperature)");
  verb.option("--temperature", plan.temperature, "Calibration of an earlier run, not fitted")
      .range(0.05, 20.0);
  verb.option("--threads", arguments->threads, "Threads (default: all); changes no result")
      .range(1, 1024);
  verb.option("--out", arguments->out, "Run folder (default: runs/ in the data directory)");
  add_recipe_options(verb, arguments);
  verb.action([arguments, verb, data, resume] {
    if (!data.given() && !resume.given()) throw UsageError("--data or --resume is required");
    if (resume.given()) refuse_beside_resume(verb);
    fs::path data_dir = arguments->plan.data_dir;
    if (data_dir.empty()) data_dir = default_data_dir();
    arguments->plan.data_dir = fs::absolute(data_dir).string();  // a resume may start elsewhere
    run_train(*arguments, verb.program());
  });
}

}  // namespace fovea::tools
