#include "engine/train/schedule.h"

#include <cmath>
#include <string>

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr double kPi = 3.141592653589793;

bool in_range(const ScheduleOptions& o) {
  return o.warmup >= 0 && o.warmup < 1 && o.start_fraction >= 0 && o.start_fraction <= 1 &&
         o.final_fraction >= 0 && o.final_fraction <= 1 && o.step_fraction > 0 &&
         o.step_factor > 0 && o.step_factor <= 1 && o.plateau_patience >= 0 &&
         o.plateau_factor > 0 && o.plateau_factor <= 1;
}

}  // namespace

float schedule_factor(const ScheduleOptions& options, std::int64_t step, std::int64_t total) {
  if (!in_range(options)) throw ConfigError("schedule: an option is out of range");
  if (step < 0 || step >= total) {
    throw ConfigError("schedule: step " + std::to_string(step) + " is not in 0.." +
                      std::to_string(total - 1));
  }
  const double progress = (static_cast<double>(step) + 0.5) / static_cast<double>(total);
  const double warmup = options.warmup, start = options.start_fraction;
  if (progress < warmup) return static_cast<float>(start + (1 - start) * progress / warmup);
  const double fall = (progress - warmup) / (1 - warmup);  // 0 at the peak, 1 at the end
  const double last = options.final_fraction;
  switch (options.kind) {
    case ScheduleKind::constant:
    case ScheduleKind::plateau:
      return 1.0f;
    case ScheduleKind::step:
      return static_cast<float>(
          std::pow(double{options.step_factor}, std::floor(progress / options.step_fraction)));
    case ScheduleKind::cosine:
      return static_cast<float>(last + (1 - last) * 0.5 * (1 + std::cos(kPi * fall)));
    case ScheduleKind::one_cycle:
      return static_cast<float>(1 + (last - 1) * fall);
  }
  throw std::logic_error("schedule: unknown kind");
}

void Plateau::observe(double loss, const ScheduleOptions& options) {
  if (loss < best) {
    best = loss;
    waited = 0;
  } else if (++waited > options.plateau_patience) {
    factor *= options.plateau_factor;
    waited = 0;
  }
}

bool EarlyStopping::observe(double loss, int epoch) {
  if (!(loss < best)) return false;
  best = loss;
  best_epoch = epoch;
  return true;
}

}  // namespace fovea
