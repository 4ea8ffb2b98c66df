#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/model/network.h"
#include "engine/model/weight_layout.h"

namespace fovea {

// The parameters and buffers of a network, which owns them, by PyTorch name.
std::map<std::string, Tensor*> tensors_by_name(const Network& network);

// The numbers of a tensor in PyTorch's order: row-major in `layout.shape`.
std::vector<float> in_pytorch_order(const WeightLayout& layout, const Tensor& tensor);

}  // namespace fovea
