#include "engine/train/recipe.h"

#include <cmath>
#include <sstream>
#include <type_traits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/presets.h"

namespace fovea {
namespace {

// The list of all fields and their names: calls f(key, field) for each.
template <class R, class F>
void for_each_field(R& r, F f) {
  f("preset", r.preset);
  f("dropout", r.dropout);
  f("init", r.init);
  f("seed", r.seed);
  f("epochs", r.epochs);
  f("batch", r.batch);
  f("lane", r.lane);
  f("lr", r.lr);
  f("optimizer", r.optimizer.kind);
  f("momentum", r.optimizer.momentum);
  f("beta1", r.optimizer.beta1);
  f("beta2", r.optimizer.beta2);
  f("eps", r.optimizer.eps);
  f("weight_decay", r.optimizer.weight_decay);
  f("norm_bias_lr", r.norm_bias_lr);
  f("head_lr", r.head_lr);
  f("schedule", r.schedule.kind);
  f("warmup", r.schedule.warmup);
  f("start_fraction", r.schedule.start_fraction);
  f("final_fraction", r.schedule.final_fraction);
  f("step_fraction", r.schedule.step_fraction);
  f("step_factor", r.schedule.step_factor);
  f("plateau_patience", r.schedule.plateau_patience);
  f("plateau_factor", r.schedule.plateau_factor);
  f("label_smoothing", r.label_smoothing);
  f("balanced", r.balanced);
  f("ema_decay", r.ema_decay);
  f("ema_every", r.ema_every);
  f("patience", r.patience);
  f("flip", r.augment.flip);
  f("alternating_flip", r.augment.alternating_flip);
  f("shift", r.augment.shift);
  f("rotate", r.augment.rotate);
  f("zoom", r.augment.zoom);
  f("crop", r.augment.crop);
  f("cutout", r.augment.cutout);
  f("brightness", r.augment.brightness);
  f("contrast", r.augment.contrast);
  f("freeze_statistics", r.freeze_statistics);
  f("distillation", r.distillation);
}

template <class E>
using Names = std::span<const std::pair<E, const char*>>;

constexpr std::pair<bool, const char*> kBoolNames[] = {{false, "no"}, {true, "yes"}};
constexpr std::pair<Init, const char*> kInitNames[] = {{Init::he, "he"}, {Init::dirac, "dirac"}};
constexpr std::pair<OptimizerKind, const char*> kOptimizerNames[] = {
    {OptimizerKind::sgd, "sgd"}, {OptimizerKind::adam, "adam"}, {OptimizerKind::adamw, "adamw"}};
constexpr std::pair<ScheduleKind, const char*> kScheduleNames[] = {
    {ScheduleKind::constant, "constant"},
    {ScheduleKind::step, "step"},
    {ScheduleKind::cosine, "cosine"},
    {ScheduleKind::one_cycle, "one-cycle"},
    {ScheduleKind::plateau, "plateau"}};

Names<bool> names_of(bool) {
  return kBoolNames;
}
Names<Init> names_of(Init) {
  return kInitNames;
}
Names<OptimizerKind> names_of(OptimizerKind) {
  return kOptimizerNames;
}
Names<ScheduleKind> names_of(ScheduleKind) {
  return kScheduleNames;
}

template <class T>
constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <class T>
std::string to_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (kIsNumber<T>) {
    return exact_text(value);
  } else {
    for (const auto& [known, name] : names_of(value)) {
      if (known == value) return name;
    }
    return "?";
  }
}

template <class T>
bool from_text(const std::string& text, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = text;
    return true;
  } else if constexpr (kIsNumber<T>) {
    const auto number = parse_number<T>(text);
    if (!number) return false;
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(*number)) return false;
    }
    value = *number;
    return true;
  } else {
    for (const auto& [known, name] : names_of(value)) {
      if (text != name) continue;
      value = known;
      return true;
    }
    return false;
  }
}

}  // namespace

Recipe default_recipe(const std::string& preset) {
  preset_network(preset, 32, 2);  // throws for an unknown name
  Recipe recipe;
  recipe.preset = preset;
  if (preset == "tiny") recipe.epochs = 10;
  return recipe;
}

std::string recipe_text(const Recipe& recipe) {
  std::string text;
  for_each_field(recipe, [&](const char* key, const auto& field) {
    if (!text.empty()) text += ' ';
    text += std::string(key) + "=" + to_text(field);
  });
  return text;
}

void set_recipe_field(Recipe& recipe, const std::string& key, const std::string& value) {
  bool known = false;
  for_each_field(recipe, [&](const char* name, auto& field) {
    if (key != name) return;
    known = true;
    if (!from_text(value, field)) {
      throw ConfigError("recipe: " + key + " cannot be \"" + value + "\"");
    }
  });
  if (!known) throw ConfigError("recipe: unknown key \"" + key + "\"");
}

Recipe parse_recipe(const std::string& text) {
  Recipe recipe;
  std::istringstream pairs(text);
  for (std::string pair; pairs >> pair;) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) throw ConfigError("recipe: no \"=\" in \"" + pair + "\"");
    set_recipe_field(recipe, pair.substr(0, equals), pair.substr(equals + 1));
  }
  return recipe;
}

void check_recipe(const Recipe& recipe) {
  const auto require = [](bool good, const char* what) {
    if (!good) throw ConfigError(std::string("recipe: ") + what);
  };
  require(recipe.epochs >= 1 && recipe.batch >= 1 && recipe.lane >= 1 && recipe.lr > 0,
          "epochs, batch, lane and lr must be positive");
  require(recipe.head_lr >= 0, "head_lr must be at least 0");
  require(recipe.label_smoothing >= 0 && recipe.label_smoothing < 1,
          "label_smoothing must be at least 0 and below 1");
  require(recipe.distillation >= 0 && recipe.distillation <= 1, "distillation must be from 0 to 1");
  const AugmentOptions& augment = recipe.augment;
  require(augment.shift >= 0 && augment.cutout >= 0 && augment.zoom >= 0 && augment.zoom < 1,
          "shift and cutout must be at least 0, zoom at least 0 and below 1");
  require(augment.crop > 0 && augment.crop <= 1, "crop must be above 0 and at most 1");
  require(augment.rotate >= 0 && augment.rotate <= 180 && augment.brightness >= 0 &&
              augment.brightness <= 1 && augment.contrast >= 0 && augment.contrast <= 1,
          "rotate must be from 0 to 180 degrees, brightness and contrast from 0 to 1");
}

}  // namespace fovea
