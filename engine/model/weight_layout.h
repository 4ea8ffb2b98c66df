#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/spec.h"
#include "engine/nn/layer.h"

namespace fovea {

// How one parameter or buffer of a network stands in the model file: PyTorch's name, shape and
// order of numbers. Memory is channels last, PyTorch is channels first, which also matters behind a
// Flatten: there the features of a {h, w, c} map are counted row, column, channel in memory and
// channel, row, column in the file, so that the file's weights work in a torch.nn.Sequential.
struct WeightLayout {
  std::string name;
  std::vector<std::int64_t> shape;  // PyTorch's
  Layout layout = Layout::vector;
  Shape in_map;           // the flattened map the input index runs over; empty: the same order
  Shape out_map;          // the same for the output index (a vector's only index)
  bool variance = false;  // may not be negative

  std::int64_t count() const;
  // Position in memory of every number of the file, in the file's order.
  std::vector<std::uint32_t> memory_order() const;
};

// Every tensor of the network in the order of its layers, found without allocating the network.
// Throws FormatError naming the layer when shapes do not fit, a tensor exceeds 2^31 numbers or one
// image's activation 2^26, or the network ends in a flattened map (its outputs would be counted in
// another order by PyTorch).
std::vector<WeightLayout> weight_layouts(const NetworkSpec& spec);

}  // namespace fovea
