#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/spec.h"
#include "engine/nn/layer.h"

namespace fovea {

// How one parameter or buffer is stored in the model file: with PyTorch's name, shape and order of
// numbers. Memory is channels last, PyTorch is channels first. This also matters after a Flatten:
// the features of a {h, w, c} map are ordered row, column, channel in memory but channel, row,
// column in the file, so that the weights in the file work in a torch.nn.Sequential.
struct WeightLayout {
  std::string name;
  std::vector<std::int64_t> shape;  // PyTorch's
  Layout layout = Layout::vector;
  Shape in_map;           // the flattened map of the input index; empty: the same order in both
  Shape out_map;          // the same for the output index, the only index of a vector
  bool variance = false;  // must not be negative

  std::int64_t count() const;
  // The position in memory of every number, in the order of the file.
  std::vector<std::uint32_t> memory_order() const;
};

// All tensors of the network in the order of its layers, computed without allocating the network.
// Throws FormatError naming the layer when shapes do not fit, a tensor exceeds 2^31 numbers, the
// activation of one image exceeds 2^26 numbers, or the network ends in a flattened map, whose
// outputs PyTorch would order differently.
std::vector<WeightLayout> weight_layouts(const NetworkSpec& spec);

}  // namespace fovea
