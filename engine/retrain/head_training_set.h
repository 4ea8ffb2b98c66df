#pragma once

#include <vector>

#include "engine/core/tensor.h"
#include "engine/fit/head_fit.h"
#include "engine/retrain/retrain_plan.h"

namespace fovea {

// Features of the new training images: of each image as it is and of augmented ones, kViews in all.
struct NewImageFeatures {
  static constexpr int kViews = 4;
  Tensor features;          // {n * kViews, 1, 1, dim}
  std::vector<int> labels;  // {n * kViews}, by the plan's classes
};
NewImageFeatures extract_features(const RetrainPlan& plan, const Dataset& dataset,
                                  const Preprocess& preprocess, const Network& network,
                                  int threads);

// Initial head weights for the classes from `old_classes` on, by weight imprinting (Qi, Brown, Lowe
// 2018, eq. 2): the mean feature vector of a class, scaled to the mean length of the old classes'
// weights. Its bias is the mean of theirs.
void imprint_weights(Network& network, int old_classes, const NewImageFeatures& new_features);

// The rows for HeadFit. The targets of old features {m, 1, 1, dim} are the champion's probabilities
// (distillation), those of new images their labels. Every class has the same total weight, but new
// images of an old class have less: in proportion to their number up to 100. `champion` knows the
// first old_classes of `outputs` classes.
HeadTrainingSet make_head_training_set(const NewImageFeatures& new_features,
                                       const Tensor& old_features,
                                       const std::vector<int>& old_labels, const Network& champion,
                                       int old_classes, int outputs);

}  // namespace fovea
