#include "server/jobs/backbone_training.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/backbones.h"
#include "engine/model/network.h"
#include "engine/transfer/fine_tune.h"
#include "server/text/json.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr double kOperationsPerSecond = 4e10;  // of one thread, in training, on common processors

// What fine-tuning needs beside what training the head needs: all images, the activations, and for
// the weights, their gradients in each lane and in each thread, and the state of the optimiser.
std::uint64_t fine_tune_bytes(const Network& network, const BackboneTrainingPlan& plan,
                              int threads) {
  constexpr std::uint64_t kCopies = 12;  // of the weights
  const std::uint64_t pixels = std::uint64_t(plan.size) * plan.size * 3;
  return static_cast<std::uint64_t>(fine_tune_activation_bytes(network, threads)) +
         std::uint64_t(plan.train_images) * pixels + kCopies * plan.parameters * sizeof(float);
}

void check_options(const Json& options) {
  for (const char* name :
       {"mode", "epochs", "lr", "replay", "batch", "seed", "distillation", "freeze_statistics"}) {
    if (!options.contains(name)) continue;
    throw ConfigError(fmt::format(
        "\"{}\" does not apply: the project is trained on the features of a pretrained network",
        name));
  }
}

}  // namespace

BackboneTrainingPlan plan_backbone_training(const std::string& name, const Dataset& dataset,
                                            const std::vector<std::string>& champion_classes,
                                            const Json& options, int threads) {
  check_options(options);
  BackboneTrainingPlan plan;
  const Backbone known = backbone(name);
  plan.backbone = name;
  plan.size = known.preprocess.size;
  const Network network(known.network);
  plan.parameters = static_cast<std::uint64_t>(network.parameter_count());
  plan.fine_tune = options.value("fine_tune", false);
  plan.classes = count_class_images(dataset);
  const std::set<std::string> old(champion_classes.begin(), champion_classes.end());
  std::vector<std::string> missing;
  for (const ClassImages& counts : plan.classes) {
    const int images = counts.train + counts.val;
    plan.train_images += images;
    if (!old.contains(counts.name)) plan.new_classes.insert(counts.name);
    if (images == 0) {
      missing.push_back(counts.name);
    } else if (images < kFewOfClass) {
      plan.notes.push_back(
          fmt::format("The class {} has only {} to train on; {} or more are better.", counts.name,
                      counted(images, "image"), kFewOfClass));
    }
  }
  require_no_class_without_images(missing);
  // Forward and backward take three times the operations of the forward pass.
  const double operations = 3.0 * static_cast<double>(network.flops());
  plan.fine_tune_seconds = static_cast<double>(fine_tune_passes(plan.train_images)) * operations /
                           (kOperationsPerSecond * threads);
  plan.fine_tune_bytes = plan.fine_tune ? fine_tune_bytes(network, plan, threads) : 0;
  return plan;
}

Json backbone_plan_json(const BackboneTrainingPlan& plan) {
  Json names = Json::array(), added = Json::array();
  for (const ClassImages& counts : plan.classes) {
    names.push_back(counts.name);
    if (plan.new_classes.contains(counts.name)) added.push_back(counts.name);
  }
  return {
      {"mode", "backbone"},
      {"why", fmt::format("A new last layer is trained on the features of the pretrained network "
                          "\"{}\".{}",
                          plan.backbone,
                          plan.fine_tune ? " Then all layers are trained; the result is kept if it "
                                           "is better on images that it was not trained on."
                                         : "")},
      {"notes", plan.notes},
      {"epochs", 1},
      {"fine_tune", plan.fine_tune},
      {"fine_tune_seconds", std::round(plan.fine_tune_seconds)},
      {"classes", names},
      {"new_classes", added},
      {"new_images", plan.train_images},
      {"old_images", 0},
      {"replayed_images", 0},
      {"shown_images", plan.train_images},
      {"lr", 0},
      {"batch", plan.train_images},
      {"distillation", 0},
      {"freeze_statistics", true},
      {"seed", 0},
      {"images", class_images_json(plan.classes, plan.new_classes)}};
}

std::uint64_t memory_needed(const BackboneTrainingPlan& plan, const Dataset& dataset, int threads) {
  constexpr std::uint64_t kProgram = 48 << 20;           // code, libraries, allocator
  constexpr std::uint64_t kFeatures = 6 * 2 * 1280 * 4;  // of an image and its mirror image:
                                                         // stored, standardised, in a fold
  constexpr std::uint64_t kImagesAtOnce = 3 * 32;        // as stored, resized, mirrored
  const std::uint64_t pixels = std::uint64_t(plan.size) * plan.size * 3;
  // The largest activations of one image, twice, are those of the first block: 96 channels of half
  // the width and height.
  const std::uint64_t activations = 2 * 32 * pixels;
  return kProgram + 8 * plan.parameters * sizeof(float) +
         dataset.images().size() * (kFeatures + 320) + kImagesAtOnce * 2 * pixels +
         std::max(std::uint64_t(threads) * activations, plan.fine_tune_bytes);
}

std::uint64_t model_bytes(const BackboneTrainingPlan& plan) {
  return plan.parameters * sizeof(float) + (1 << 20);
}

}  // namespace fovea::server
