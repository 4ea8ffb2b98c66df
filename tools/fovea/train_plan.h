#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/train/recipe.h"

namespace fovea::tools {

// What decides a run, stored as run.json in its folder, for --resume and for people.
struct TrainPlan {
  std::string data;      // name of the dataset
  std::string data_dir;  // where it is
  std::string data_revision;
  int size = 32;
  std::string fit = "crop";
  bool all = false;                  // validation images are trained on, too
  std::optional<float> temperature;  // given, not fitted
  std::string recipe;                // recipe_text()
  std::string command;               // that does the same again
  std::string created;               // ISO 8601, UTC
};

void write_plan(const TrainPlan& plan, const std::filesystem::path& run);
TrainPlan read_plan(const std::filesystem::path& run);  // throws IoError, FormatError

using RecipeFields = std::vector<std::pair<std::string, std::string>>;

// Fills in recipe, command and created of a new run. Throws ConfigError for a bad field.
Recipe complete_plan(TrainPlan& plan, const std::string& preset, const RecipeFields& fields);

// `out`, or a new folder in <data_dir>/runs when empty. Throws IoError when a run is there already.
std::filesystem::path new_run_folder(const TrainPlan& plan, const std::string& preset,
                                     const std::string& out);

}  // namespace fovea::tools
