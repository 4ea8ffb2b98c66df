#pragma once

#include <filesystem>
#include <string>

#include "engine/model/model.h"
#include "tools/fovea/train_plan.h"

namespace fovea::tools {

// The options of `fovea train`.
struct TrainArguments {
  TrainPlan plan;
  std::string preset = "small";
  std::string backbone;    // empty: a preset, from scratch
  bool fine_tune = false;  // with a backbone: train all its layers, too
  RecipeFields fields;     // in the order given
  std::string out;
  std::string resume;  // folder of the run; empty: a new run
  int threads = 0;     // 0: all that are available
};

// Trains, alone or with the other processes that mpirun started, and writes the run folder.
// `program` is the name in hints. Throws the errors of the engine.
void run_train(TrainArguments& arguments, const std::string& program);

// Writes model.safetensors into the run folder and prints its path. Returns the SHA-256 of the
// weights. Throws IoError.
std::string save_model(const Model& model, const std::filesystem::path& run);

// Ends the process by the signal that server::StopSignals received, so that its parent sees it.
[[noreturn]] void end_by_signal();

}  // namespace fovea::tools
