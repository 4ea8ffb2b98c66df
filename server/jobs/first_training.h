#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/data/dataset.h"
#include "engine/train/recipe.h"

namespace fovea::server {

// Images of one class of a dataset, by split.
struct ClassImages {
  std::string name;
  int train = 0, val = 0, test = 0;
};
inline constexpr int kFewOfClass = 20;  // training images; with fewer, a class gets a note
std::vector<ClassImages> count_class_images(const Dataset& dataset);
// [{"name", "new", "train", "val", "test", "old"}], as plan_classes_json() in
// engine/report/retrain_json.h.
nlohmann::ordered_json class_images_json(const std::vector<ClassImages>& classes,
                                         const std::set<std::string>& new_classes);

// Throws ConfigError naming the classes, if there are any, that have no image to train on.
void require_no_class_without_images(const std::vector<std::string>& classes);

// The first training of a project: from scratch, because there is no version to retrain.
struct FirstTrainingPlan {
  static constexpr int kSize = 32;  // width and height of the network's input

  std::vector<ClassImages> classes;
  int train_images = 0;
  std::vector<std::string> notes;  // sentences, e.g. about classes with few images
  Recipe recipe;
};

// `options` are those of a retrain job; epochs, lr, batch and seed apply. The defaults are those of
// the preset, with smaller batches and more epochs for few images. Throws ConfigError with a
// human-readable text for an option that does not apply, and if there are not enough images.
FirstTrainingPlan plan_first_training(const std::string& preset, const Dataset& dataset,
                                      const nlohmann::ordered_json& options);

// With the members of plan_json() and "images" (engine/report/retrain_json.h); the mode is "first".
nlohmann::ordered_json first_plan_json(const FirstTrainingPlan& plan);

// Upper estimates, bytes: the memory of the process, and the model file.
std::uint64_t memory_needed(const FirstTrainingPlan& plan, const Dataset& dataset, int threads);
std::uint64_t model_bytes(const FirstTrainingPlan& plan);

}  // namespace fovea::server
