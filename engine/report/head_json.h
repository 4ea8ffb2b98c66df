#pragma once

#include <cmath>

#include "engine/fit/head_search.h"
#include "engine/fit/interval.h"
#include "engine/report/interval_json.h"

namespace fovea {

// Of the accuracy in cross-validation, of the images that a head was trained on.
inline Interval accuracy_interval(const HeadSearch& search, int images) {
  return wilson_interval(std::llround(search.selected.accuracy * images), images);
}

// The provenance entry `metrics` of a model whose head was trained on `images` images
// (docs/training.md). Header-only, because the engine for the browser uses it too.
template <class AnyJson>
AnyJson head_json(const HeadSearch& search, int images) {
  AnyJson metrics = {{"strength", search.selected.strength}, {"views", search.selected.views}};
  if (search.folds == 0) return metrics;
  metrics["folds"] = search.folds;
  metrics["cross_validated_accuracy"] = search.selected.accuracy;
  metrics["cross_validated_accuracy_interval"] = accuracy_interval(search, images);
  metrics["cross_validated_log_loss"] = search.selected.log_loss;
  metrics["temperature_interval"] = search.temperature.interval;
  return metrics;
}

}  // namespace fovea
