#include "tools/fovea/train_plan.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/train/checkpoint.h"
#include "server/text/time.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path plan_path(const fs::path& run) {
  return run / "run.json";
}

}  // namespace

std::string plan_text(const TrainPlan& plan) {
  nlohmann::ordered_json document = {{"command", plan.command},
                                     {"created", plan.created},
                                     {"data", plan.data},
                                     {"data_dir", plan.data_dir},
                                     {"data_revision", plan.data_revision},
                                     {"size", plan.size},
                                     {"fit", plan.fit},
                                     {"all", plan.all},
                                     {"recipe", plan.recipe}};
  if (plan.temperature) document["temperature"] = *plan.temperature;
  return document.dump(2) + "\n";
}

TrainPlan parse_plan(const std::string& text, const std::string& origin) {
  try {
    const json document = json::parse(text);
    TrainPlan plan;
    document.at("command").get_to(plan.command);
    document.at("created").get_to(plan.created);
    document.at("data").get_to(plan.data);
    document.at("data_dir").get_to(plan.data_dir);
    document.at("data_revision").get_to(plan.data_revision);
    document.at("size").get_to(plan.size);
    document.at("fit").get_to(plan.fit);
    document.at("all").get_to(plan.all);
    document.at("recipe").get_to(plan.recipe);
    if (document.contains("temperature")) {
      plan.temperature = document.at("temperature").get<float>();
    }
    return plan;
  } catch (const json::exception& error) {
    throw FormatError(origin + ": " + error.what());
  }
}

void write_plan(const TrainPlan& plan, const fs::path& run) {
  write_file_atomically(plan_path(run), plan_text(plan));
}

TrainPlan read_plan(const fs::path& run) {
  const fs::path path = plan_path(run);
  const std::vector<std::uint8_t> bytes = read_file(path, 1 << 20);
  return parse_plan({bytes.begin(), bytes.end()}, path.string());
}

Recipe complete_plan(TrainPlan& plan, const std::string& preset, const RecipeFields& fields) {
  Recipe recipe = default_recipe(preset);
  plan.command = "fovea train --data " + plan.data + " --preset " + preset + " --size " +
                 std::to_string(plan.size) + " --fit " + plan.fit + (plan.all ? " --all" : "");
  if (plan.temperature) plan.command += " --temperature " + exact_text(*plan.temperature);
  for (const auto& [key, value] : fields) {
    set_recipe_field(recipe, key, value);
    plan.command += " --set " + key + "=" + value;
  }
  plan.recipe = recipe_text(recipe);
  plan.created = server::iso_seconds(std::chrono::system_clock::now());
  return recipe;
}

fs::path new_run_folder(const TrainPlan& plan, const std::string& preset, const std::string& out) {
  fs::path run = out;
  if (out.empty()) {
    run = fs::path(plan.data_dir) / "runs" /
          (server::format_utc("%Y%m%d-%H%M%S", std::chrono::system_clock::now()) + "-" + preset);
  }
  if (fs::exists(plan_path(run))) {
    throw IoError(run.string() + " already contains a run; use --resume, or another --out");
  }
  return run;
}

}  // namespace fovea::tools
