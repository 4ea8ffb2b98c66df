#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/backbones.h"
#include "engine/model/presets.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/train_backbone.h"
#include "tools/fovea/train_run.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

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

// Rejects options that would be ignored because `option` is given: all that are not in `allowed`.
void check_combination(const Verb& verb, const Option& option,
                       const std::vector<std::string>& allowed) {
  for (const Option& other : verb.options()) {
    const std::string name = other.name();
    if (other.given() && name != option.name() &&
        std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      throw UsageError(option.name() + " cannot be combined with " + name);
    }
  }
}

struct BackboneOptions {
  Option backbone, fine_tune;
};

BackboneOptions add_backbone_options(Verb& verb, TrainArguments& arguments) {
  Option backbone =
      verb.option("--backbone", arguments.backbone,
                  "Train only a new last layer on the features of this pretrained network; fast, "
                  "and accurate with few images")
          .value_name("NAME")
          .one_of(backbone_names());
  const Option fine_tune = verb.flag(
      "--fine-tune", arguments.fine_tune,
      "With --backbone: then train all layers for minutes, and keep the result only if it "
      "is better on held-out images");
  return {backbone, fine_tune};
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
  const auto project = std::make_shared<ProjectDir>();
  add_project_dir(verb, *project);
  verb.option("--preset", arguments->preset, "Network architecture and recipe")
      .value_name("NAME")
      .one_of(preset_names())
      .show_default();
  const BackboneOptions transfer = add_backbone_options(verb, *arguments);
  const Option size = verb.option("--size", plan.size, "Width and height of the network's input")
                          .value_name("PIXELS")
                          .range(8, 1024)
                          .show_default("32, or that of the backbone");
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
  verb.action([arguments, project, verb, data, resume, transfer, size] {
    if (!data.given() && !resume.given()) throw UsageError("--data or --resume is required");
    if (resume.given()) check_combination(verb, resume, {"--threads"});
    // Absolute, because a resume may start in another directory.
    if (!resume.given()) {
      arguments->plan.data_dir = std::filesystem::absolute(project->path()).string();
    }
    if (transfer.fine_tune.given() && !transfer.backbone.given()) {
      throw UsageError("--fine-tune requires --backbone");
    }
    if (transfer.backbone.given()) {
      check_combination(verb, transfer.backbone,
                        {"--data", "--data-dir", "--project", "--size", "--fit", "--threads",
                         "--out", "--fine-tune"});
      if (!size.given()) arguments->plan.size = 0;
      run_train_backbone(*arguments);
    } else {
      run_train(*arguments, verb.program());
    }
  });
}

}  // namespace fovea::tools
