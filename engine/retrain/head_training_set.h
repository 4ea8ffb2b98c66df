#pragma once

#include <vector>

#include "engine/core/tensor.h"
#include "engine/retrain/head_fit.h"
#include "engine/retrain/retrain_plan.h"

namespace fovea {

// The features of fresh training images: of each as it is, then as training would show it, in all
// kViews times.
struct FreshFeatures {
  static constexpr int kViews = 4;
  Tensor features;          // {n * kViews, 1, 1, dim}
  std::vector<int> labels;  // {n * kViews}, by the plan's classes
};
FreshFeatures extract_features(const RetrainPlan& plan, const Dataset& dataset,
                               const Preprocess& preprocess, const Network& network, int threads);

// Weights for the classes from `old_classes` on (Qi, Brown, Lowe 2018, eq. 2): the mean of a
// class's features, as long as the old classes' weights are on the average; its bias is theirs on
// the average.
void imprint(Network& network, int old_classes, const FreshFeatures& fresh);

// What the head is to learn: old features {m, 1, 1, dim} to be answered as the champion answers
// them, fresh ones by their labels. Every class counts the same, but fresh images of an old class
// the more, the more there are of them. `champion` knows the first old_classes of `outputs`
// classes.
HeadTargets make_head_targets(const FreshFeatures& fresh, const Tensor& old_features,
                              const std::vector<int>& old_labels, const Network& champion,
                              int old_classes, int outputs);

}  // namespace fovea
