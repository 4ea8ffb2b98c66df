#pragma once

#include <cstdint>
#include <span>

#include "engine/image/preprocess.h"
#include "engine/model/network.h"

namespace fovea {

// What a head is trained on (head_search.h): the features of each image and of its mirror image.
// The training of the command, of the server and of the page computes them here, so that the same
// images give the same head (docs/decisions/0028-transfer.md).
inline constexpr int kFeatureViews = 2;

// Memory of one thread.
struct ViewBuffers {
  Image square;
  Tensor x, features;
  Scratch scratch;
};

// The numbers of one image: kFeatureViews * network.feature_dim(). Throws ShapeError when the last
// layer is not a Dense.
int view_feature_count(const Network& network);

// One square image of 8-bit RGB {size, size, 3}, with the size of `preprocess` -> the features of
// the image and of its mirror image {kFeatureViews, feature_dim()}. They do not depend on other
// images. `folded`: fold_batch_norm() of the network. Throws ShapeError when the sizes do not
// match. Concurrent calls need their own buffers.
void compute_view_features(const Network& folded, const Preprocess& preprocess,
                           std::span<const std::uint8_t> square, ViewBuffers& buffers,
                           Scalar* features);

// The network of `backbone` for another image size and number of outputs. Its last layer is zero.
// Throws ConfigError when the last layer is not a Dense or the weights do not fit that size.
Network replace_head(const Network& backbone, int size, int outputs);

}  // namespace fovea
