#include "engine/core/error.h"

#include <cstdio>

namespace fovea {
namespace {

std::string diverged_text(int epoch, float lr) {
  char text[128];
  std::snprintf(
      text, sizeof text,
      "training diverged in epoch %d (non-finite loss or weights); try a lower lr than %g",
      epoch + 1, static_cast<double>(lr));
  return text;
}

}  // namespace

TrainingDiverged::TrainingDiverged(int epoch_from_0, float peak_lr)
    : std::runtime_error(diverged_text(epoch_from_0, peak_lr)), epoch(epoch_from_0), lr(peak_lr) {}

}  // namespace fovea
