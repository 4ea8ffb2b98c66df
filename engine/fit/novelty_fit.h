#pragma once

#include "engine/core/tensor.h"
#include "engine/fit/head_search.h"
#include "engine/model/novelty.h"

namespace fovea {

// Sets a threshold for images that resemble nothing a model was trained on, such that a fraction of
// `false_alarms` of the images of its classes exceeds it.
//
// The references are the features of training images: all of up to 512 images, and of more as many
// of each class, those that come first. The distance of each training image to the nearest
// reference other than itself is an estimate for a new image. The threshold is the smallest
// distance d such that (n + 1)(1 - false_alarms) of n images are at most as far (split conformal
// prediction; Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world").
//
// Empty if there are too few images for that (19 for 5 %) or more than 512 classes. The first view
// of each image is used. Throws ShapeError when sizes do not match or a label is negative.
// REQUIRES: 0 < false_alarms < 1.
Novelty fit_novelty(const ImageFeatures& images, int threads, double false_alarms = 0.05);

}  // namespace fovea
