#pragma once

#include <cstdint>
#include <optional>

#include "engine/retrain/retrain_plan.h"

namespace fovea::server {

class JobStore;

struct Estimate {
  double seconds = 0;
  std::int64_t job = 0;  // that it was measured at
};

// How long a retraining of this plan takes on this machine, judged by the latest one of the same
// mode that succeeded in one go: its epochs, by how many this plan has and how many images they
// show, and the rest of it, longer where there are more images but never shorter. Nothing when
// none has succeeded here among the latest hundred jobs. IoError.
std::optional<Estimate> estimate_retrain(JobStore& store, const RetrainPlan& plan);

}  // namespace fovea::server
