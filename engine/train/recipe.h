#pragma once

#include <cstdint>
#include <string>

#include "engine/data/augment.h"
#include "engine/model/network.h"
#include "engine/train/optimizer.h"
#include "engine/train/schedule.h"

namespace fovea {

// Everything that determines the trained weights, apart from the images. The number of threads does
// not.
struct Recipe {
  std::string preset = "small";
  float dropout = 1;  // factor for the dropout rates of the preset
  Init init = Init::he;
  std::uint64_t seed = 1;
  int epochs = 16;
  int batch = 128;  // maximum number of images per update
  int lane = 32;    // maximum number of images that share batch-norm statistics
  float lr = 0.1f;  // the peak of the schedule
  OptimizerOptions optimizer{.kind = OptimizerKind::sgd, .weight_decay = 5e-4f};
  float norm_bias_lr = 1;  // factor for the learning rate of batch-norm biases
  float head_lr = 1;       // factor for the learning rate of the last layer, if it is a Dense
  ScheduleOptions schedule;
  float label_smoothing = 0.1f;
  bool balanced = false;     // weight each class by 1 / its fraction of the images
  float ema_decay = 0.995f;  // per step; 0 = no average
  int ema_every = 5;         // steps
  int patience = 0;          // epochs without a lower validation loss; 0 = train to the end
  AugmentOptions augment;
  // Fine-tuning.
  // Batch norm uses the running statistics and does not update them.
  bool freeze_statistics = false;
  float distillation = 0;  // weight of the teacher's probabilities, 0 to 1; FineTuneOptions
  bool operator==(const Recipe&) const = default;
};

// The default recipe of a preset. Throws ConfigError for an unknown name.
Recipe default_recipe(const std::string& preset);

// All fields as "key=value key=value ...", with exact floats: parse_recipe(recipe_text(r)) == r.
std::string recipe_text(const Recipe& recipe);
// Missing fields have their default. Throws ConfigError naming an unknown key or an invalid value.
Recipe parse_recipe(const std::string& text);
// Sets one field, e.g. "lr" to "0.01". Throws as parse_recipe().
void set_recipe_field(Recipe& recipe, const std::string& key, const std::string& value);

// Throws ConfigError naming the training and augmentation options that are out of range.
// make_optimizer() and schedule_factor() check theirs.
void check_recipe(const Recipe& recipe);

}  // namespace fovea
