#pragma once

#include <cstdint>
#include <string>

#include "engine/data/augment.h"
#include "engine/model/network.h"
#include "engine/train/optimizer.h"
#include "engine/train/schedule.h"

namespace fovea {

// Everything that decides the weights, apart from the images. The number of threads does not.
struct Recipe {
  std::string preset = "small";
  float dropout = 1;  // factor on the preset's dropout rates
  Init init = Init::he;
  std::uint64_t seed = 1;
  int epochs = 16;
  int batch = 128;  // images an update, at most
  int lane = 32;    // images that share batch-norm statistics, at most
  float lr = 0.1f;  // the peak
  OptimizerOptions optimizer{.kind = OptimizerKind::sgd, .weight_decay = 5e-4f};
  float norm_bias_lr = 1;  // factor on the learning rate of batch-norm biases
  ScheduleOptions schedule;
  float label_smoothing = 0.1f;
  bool balanced = false;     // weigh each class by 1 / its share of the images
  float ema_decay = 0.995f;  // per step; 0 = no average
  int ema_every = 5;         // steps
  int patience = 0;          // epochs without a lower validation loss; 0 = train to the end
  AugmentOptions augment;
  // Fine-tuning.
  bool freeze_statistics = false;  // batch norm by the running statistics, which stay as they are
  float distillation = 0;          // share of the teacher's answers, 0 to 1; see TrainExtras
  bool operator==(const Recipe&) const = default;
};

// The recipe that goes with a preset. Throws ConfigError for an unknown name.
Recipe default_recipe(const std::string& preset);

// "key=value key=value ...", every field, floats exactly; parse_recipe(recipe_text(r)) == r.
std::string recipe_text(const Recipe& recipe);
// Fields may be missing (defaults stay). Throws ConfigError naming an unknown key or bad value.
Recipe parse_recipe(const std::string& text);
// One field of it: "lr", "0.01".
void set_recipe_field(Recipe& recipe, const std::string& key, const std::string& value);

}  // namespace fovea
