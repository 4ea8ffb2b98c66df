#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/data/dataset.h"
#include "server/jobs/first_training.h"

namespace fovea::server {

// A training of a project with a backbone: a new last layer on its features, from all images
// (docs/decisions/0028-transfer.md).
struct BackboneTrainingPlan {
  std::string backbone;
  int size = 0;                      // of its images, pixels
  std::uint64_t parameters = 0;      // of the network
  std::vector<ClassImages> classes;  // of the dataset
  std::set<std::string> new_classes;
  int train_images = 0;    // of the splits train and val
  bool fine_tune = false;  // all layers are trained afterwards
  // A rough estimate of what fine-tuning takes, from the arithmetic alone.
  double fine_tune_seconds = 0;
  std::uint64_t fine_tune_bytes = 0;  // of memory
  std::vector<std::string> notes;     // sentences, e.g. about classes with few images
};

// `champion_classes` are those of the active version; empty: there is none. `options` are those of
// a retrain job; only `gate` and `fine_tune` apply. Throws ConfigError with a human-readable text
// for an option that does not apply and if there are not enough images; IoError if the backbone is
// not installed.
BackboneTrainingPlan plan_backbone_training(const std::string& backbone, const Dataset& dataset,
                                            const std::vector<std::string>& champion_classes,
                                            const nlohmann::ordered_json& options, int threads);

// With the members of plan_json() and "images" (engine/report/retrain_json.h); the mode is
// "backbone".
nlohmann::ordered_json backbone_plan_json(const BackboneTrainingPlan& plan);

// Upper estimates, bytes: the memory of the process, and the model file.
std::uint64_t memory_needed(const BackboneTrainingPlan& plan, const Dataset& dataset, int threads);
std::uint64_t model_bytes(const BackboneTrainingPlan& plan);

}  // namespace fovea::server
