#pragma once

#include <functional>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/fit/calibrate.h"
#include "engine/model/network.h"

namespace fovea {

// The images that a new head is trained on, as the features of one or more views of each image (as
// it is, mirrored). Predictions are made on the first view.
struct ImageFeatures {
  int views = 1;
  Tensor features;          // {images * views, 1, 1, dim}: the views of an image are neighbours
  std::vector<int> labels;  // {images}
};

// How a head that was trained this way classifies images that it was not trained on.
struct HeadScore {
  double strength = 0;  // c below; the penalty is weaker the larger it is
  int views = 1;        // of each image, that it was trained on
  double log_loss = 0;  // after temperature scaling
  double accuracy = 0;
};

struct HeadSearch {
  bool stopped = false;             // by `progress`; then the head is unchanged
  int folds = 0;                    // 0: too few images for cross-validation
  std::vector<HeadScore> scores{};  // all that were tried; none without folds
  HeadScore selected{};             // without folds, strength and views alone
  Tensor logits{};                  // {images, 1, 1, classes}: of each image by the head that was
                                    // trained without its fold; empty without folds
  Temperature temperature{};        // of those logits; 1 without folds
};

// Trains the head of `network`, a Dense, on features: multinomial logistic regression with a ridge
// penalty (HeadFit, HeadPrior::zero). With the mean square norm S of the features of n images it
// minimises  mean loss + S / (2 c n) |weight|^2,  which is scikit-learn's
// LogisticRegression(C = c / S).
//
// Stratified cross-validation in up to 5 folds measures c = 8, 64 and 512 with all views, and the
// best of them with the first view alone, because mirroring changes some things. The measure is the
// log loss after temperature scaling, which is how the model is used. c = 64 with all views is
// selected unless another has a lower loss by more than the standard error of the difference: with
// few images the differences are chance.
//
// Fold k has every fifth image of each class, so the order of the images decides. They should be
// sorted by something random, such as their content hash. Cross-validation is skipped when no class
// has two images.
//
// `progress` is called with the fraction that is done; false stops. Throws ShapeError when sizes do
// not match or a label is not below outputs() or the head has no bias, FormatError when a feature
// is not finite.
HeadSearch train_head(Network& network, const ImageFeatures& images, int threads,
                      const std::function<bool(double)>& progress = {});

// Trains the head on these images with the penalty and the views that train_head() selected. Throws
// as train_head().
void fit_head(Network& network, const ImageFeatures& images, const HeadScore& selected,
              int threads);

}  // namespace fovea
