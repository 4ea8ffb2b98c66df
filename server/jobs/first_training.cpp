#include "server/jobs/first_training.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/network.h"
#include "engine/model/presets.h"
#include "engine/report/retrain_json.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr int kFewImages = 2000;  // with fewer, batches have kSmallBatch images
constexpr int kSmallBatch = 32;
constexpr std::int64_t kSteps = 1000;     // epochs are added until there are that many steps,
constexpr std::int64_t kMaxEpochs = 100;  // at most to this number
void check_first_options(const Json& options) {
  for (const char* name : {"replay", "distillation", "freeze_statistics", "gate"}) {
    if (!options.contains(name)) continue;
    throw ConfigError(fmt::format(
        "\"{}\" does not apply: the project has no version yet, so this is its first training",
        name));
  }
  if (options.value("mode", "auto") == "frozen") {
    throw ConfigError("mode frozen is not possible: the project has no version yet");
  }
}

void count_images(FirstTrainingPlan& plan, const Dataset& dataset) {
  plan.classes = count_class_images(dataset);
  if (plan.classes.size() < 2) {
    throw ConfigError(fmt::format("a classifier needs images of at least two classes; there {} {}",
                                  plan.classes.size() == 1 ? "is" : "are", plan.classes.size()));
  }
  std::vector<std::string> missing;
  for (const auto& counts : plan.classes) {
    plan.train_images += counts.train;
    if (counts.train == 0) {
      missing.push_back(counts.name);
    } else if (counts.train < kFewOfClass) {
      plan.notes.push_back(fmt::format(
          "The class {} has only {} training images; {} are usually needed, 50 or more are better.",
          counts.name, counts.train, kFewOfClass));
    }
  }
  require_no_class_without_images(missing);
}

void choose_numbers(Recipe& recipe, int train_images, const RetrainOptions& options) {
  const int usual = recipe.batch;
  if (train_images < kFewImages) recipe.batch = std::min(usual, kSmallBatch);
  recipe.batch = options.batch.value_or(recipe.batch);
  // The learning rate in proportion to the batch size (Goyal et al. 2017, section 2.1).
  const float scale = static_cast<float>(recipe.batch) / static_cast<float>(usual);
  recipe.lr = options.lr.value_or(recipe.lr * std::min(1.0f, scale));
  const std::int64_t steps = (train_images + recipe.batch - 1) / recipe.batch;
  const std::int64_t enough = std::min(kMaxEpochs, (kSteps + steps - 1) / steps);
  recipe.epochs = options.epochs.value_or(std::max(recipe.epochs, static_cast<int>(enough)));
  recipe.seed = options.seed.value_or(1);
}

Network network_of(const FirstTrainingPlan& plan) {
  return Network(preset_network(plan.recipe.preset, FirstTrainingPlan::kSize,
                                static_cast<int>(plan.classes.size()), plan.recipe.dropout));
}

}  // namespace

std::vector<ClassImages> count_class_images(const Dataset& dataset) {
  std::vector<ClassImages> classes;
  for (const std::string& name : dataset.classes()) classes.push_back({name, 0, 0, 0});
  for (const ImageRecord& image : dataset.images()) {
    ClassImages& counts = classes[static_cast<std::size_t>(image.label)];
    ++(image.split == Split::train ? counts.train
       : image.split == Split::val ? counts.val
                                   : counts.test);
  }
  return classes;
}

Json class_images_json(const std::vector<ClassImages>& classes,
                       const std::set<std::string>& new_classes) {
  Json images = Json::array();
  for (const ClassImages& counts : classes) {
    images.push_back({{"name", counts.name},
                      {"new", new_classes.contains(counts.name)},
                      {"train", counts.train},
                      {"val", counts.val},
                      {"test", counts.test},
                      {"old", 0}});
  }
  return images;
}

void require_no_class_without_images(const std::vector<std::string>& classes) {
  if (classes.empty()) return;
  throw ConfigError("there are no training images of " + join(classes) +
                    ": upload more images of these classes, or remove them");
}

FirstTrainingPlan plan_first_training(const std::string& preset, const Dataset& dataset,
                                      const Json& options) {
  check_first_options(options);
  FirstTrainingPlan plan;
  plan.recipe = default_recipe(preset);
  count_images(plan, dataset);
  choose_numbers(plan.recipe, plan.train_images, read_retrain_options(options));
  return plan;
}

Json first_plan_json(const FirstTrainingPlan& plan) {
  Json names = Json::array();
  std::set<std::string> new_classes;  // all
  for (const ClassImages& counts : plan.classes) {
    names.push_back(counts.name);
    new_classes.insert(counts.name);
  }
  return {{"mode", "first"},
          {"why", fmt::format("The project has no version yet: the network \"{}\" is trained from "
                              "scratch.",
                              plan.recipe.preset)},
          {"notes", plan.notes},
          {"epochs", plan.recipe.epochs},
          {"classes", names},
          {"new_classes", names},
          {"new_images", plan.train_images},
          {"old_images", 0},
          {"replayed_images", 0},
          {"shown_images", plan.train_images},
          {"lr", plan.recipe.lr},
          {"batch", plan.recipe.batch},
          {"distillation", 0},
          {"freeze_statistics", false},
          {"seed", plan.recipe.seed},
          {"images", class_images_json(plan.classes, new_classes)}};
}

std::uint64_t memory_needed(const FirstTrainingPlan& plan, const Dataset& dataset, int threads) {
  constexpr std::uint64_t kProgram = 32 << 20;  // code, libraries, allocator
  constexpr std::uint64_t kIndexEntry = 320;    // bytes per image
  constexpr std::uint64_t kImage =
      std::uint64_t{FirstTrainingPlan::kSize} * FirstTrainingPlan::kSize * 3;
  const Network network = network_of(plan);
  std::uint64_t activations = 0;  // of one image, numbers
  for (const auto& layer : network.describe()) activations += layer.output.per_image();
  const std::uint64_t weights = network.parameter_count() * sizeof(Scalar);
  const int lanes = (plan.recipe.batch + plan.recipe.lane - 1) / plan.recipe.lane;
  // Network, its folded copy; gradients of the lanes; momentum, average; replicas; checkpoint.
  const auto copies = static_cast<std::uint64_t>(2 + lanes + 2 + threads + 3);
  return kProgram + dataset.images().size() * (kIndexEntry + kImage) + copies * weights +
         std::uint64_t(threads) * plan.recipe.lane * activations * sizeof(Scalar);
}

std::uint64_t model_bytes(const FirstTrainingPlan& plan) {
  constexpr std::uint64_t kRest = 1 << 20;
  return network_of(plan).parameter_count() * sizeof(Scalar) + kRest;
}

}  // namespace fovea::server
