#pragma once

#include <cstdint>
#include <optional>

#include "engine/retrain/retrain_plan.h"

namespace fovea::server {

class JobStore;

struct RetrainEstimate {
  double seconds = 0;
  std::int64_t job = 0;  // the reference job
};

// The duration of a retraining, extrapolated from the newest job of the same mode that succeeded
// without being resumed: the time of its epochs is scaled by the number of epochs and images per
// epoch, the time of its other phases by the number of images, never downwards. nullopt if there is
// no such job among the newest 100. Throws IoError.
std::optional<RetrainEstimate> estimate_retrain(JobStore& store, const RetrainPlan& plan);

}  // namespace fovea::server
