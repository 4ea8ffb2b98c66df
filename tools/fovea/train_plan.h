#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/train/recipe.h"

namespace fovea::tools {

// The settings of a run, stored as run.json in its folder, for --resume and for human readers.
struct TrainPlan {
  std::string data;      // name of the dataset
  std::string data_dir;  // absolute path
  std::string data_revision;
  int size = 32;
  std::string fit = "crop";
  bool all = false;                  // train on the validation images, too
  std::optional<float> temperature;  // unset: fitted on the validation images
  std::string recipe;                // recipe_text()
  std::string command;               // repeats the run
  std::string created;               // ISO 8601, UTC
};

// The contents of run.json. parse_plan() throws FormatError naming `origin`.
std::string plan_text(const TrainPlan& plan);
TrainPlan parse_plan(const std::string& text, const std::string& origin);

void write_plan(const TrainPlan& plan, const std::filesystem::path& run);
TrainPlan read_plan(const std::filesystem::path& run);  // throws IoError, FormatError

using RecipeFields = std::vector<std::pair<std::string, std::string>>;

// Sets recipe, command and created of a new run. Throws ConfigError for an invalid field.
Recipe complete_plan(TrainPlan& plan, const std::string& preset, const RecipeFields& fields);

// `out`, or if it is empty a new folder in <data_dir>/runs. Throws IoError if it contains a run.
std::filesystem::path new_run_folder(const TrainPlan& plan, const std::string& preset,
                                     const std::string& out);

}  // namespace fovea::tools
