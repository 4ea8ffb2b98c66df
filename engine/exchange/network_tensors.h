#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/model/network.h"
#include "engine/model/weight_layout.h"

namespace fovea {

// The parameters and buffers of a network, which owns them, by PyTorch name.
std::map<std::string, Tensor*> tensors_by_name(const Network& network);

// The shape of a tensor in Keras: {rows, columns, in, out}, {in, out} or {channels}. The order of
// the numbers is that of memory.
std::vector<std::int64_t> keras_shape(const WeightLayout& layout);

// "[3, 3, 16, 32]"
std::string shape_text(const std::vector<std::int64_t>& shape);

// The numbers of a tensor in PyTorch's order: row-major in `layout.shape`.
std::vector<float> in_pytorch_order(const WeightLayout& layout, const Tensor& tensor);

}  // namespace fovea
