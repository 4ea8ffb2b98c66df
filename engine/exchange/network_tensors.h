#pragma once

#include <vector>

#include "engine/core/tensor.h"
#include "engine/model/weight_layout.h"

namespace fovea {

// The shape of a tensor in Keras: {rows, columns, in, out}, depthwise {rows, columns, channels, 1},
// {in, out} or {channels}. The order of the numbers is that of memory.
std::vector<std::int64_t> keras_shape(const WeightLayout& layout);

// The numbers of a tensor in PyTorch's order: row-major in `layout.shape`.
std::vector<float> in_pytorch_order(const WeightLayout& layout, const Tensor& tensor);

}  // namespace fovea
