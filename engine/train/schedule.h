#pragma once

#include <cstdint>
#include <limits>

namespace fovea {

// The learning rate over a run as a factor of its peak. `progress` below is (step + 1/2) / total,
// the middle of a step, so that the rate is 0 neither in the first nor in the last update.
enum class ScheduleKind {
  constant,   // 1 after the warm-up
  step,       // step_factor ^ floor(progress / step_fraction)
  cosine,     // half a cosine from 1 to final_fraction (Loshchilov and Hutter 2017, eq. 5)
  one_cycle,  // a triangle: linear from 1 to final_fraction (after Smith and Topin 2018)
  plateau,    // 1, multiplied by plateau_factor whenever the validation loss stops falling
};

// Every kind rises linearly from start_fraction to 1 over the first `warmup` of all steps.
struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::one_cycle;
  float warmup = 0.2f;          // fraction of all steps, 0 <= warmup < 1
  float start_fraction = 0.1f;  // of the peak
  float final_fraction = 0.0f;  // of the peak; cosine, one_cycle
  float step_fraction = 0.3f;   // of all steps
  float step_factor = 0.1f;
  int plateau_patience = 3;  // epochs without a lower loss before the rate is reduced
  float plateau_factor = 0.5f;
  bool operator==(const ScheduleOptions&) const = default;
};

// 0 <= step < total. For `plateau` this is only the warm-up; multiply by Plateau::factor.
// Throws ConfigError when an option or the step is out of range.
float schedule_factor(const ScheduleOptions& options, std::int64_t step, std::int64_t total);

// Reduces the rate on a plateau; observe() is called once per epoch. A plain value that checkpoints
// store.
struct Plateau {
  double best = std::numeric_limits<double>::infinity();
  int waited = 0;  // epochs since `best`
  float factor = 1;

  void observe(double loss, const ScheduleOptions& options);
};

// Early stopping by the epochs since the lowest validation loss. Also a plain value.
struct EarlyStopping {
  double best = std::numeric_limits<double>::infinity();
  int best_epoch = -1;

  bool observe(double loss, int epoch);  // true when this loss is the lowest so far
  // patience = 0 never stops.
  bool exhausted(int epoch, int patience) const {
    return patience > 0 && epoch - best_epoch >= patience;
  }
};

}  // namespace fovea
