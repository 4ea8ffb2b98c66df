#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/model/spec.h"
#include "engine/nn/sequential.h"

namespace fovea {

// Builds the layers for an input shape and checks every shape on the way. `prefix` begins the
// parameter names: "" -> "0.weight", "5.block." -> "5.block.0.weight".
// Throws ShapeError and ConfigError naming the layer, its kind and its input shape.
Sequential build_chain(const std::vector<LayerSpec>& layers, const Shape& input,
                       const std::string& prefix);

// "Conv2d(3 -> 32, 3x3)"; `input` is the shape the layer gets.
std::string describe_layer(const LayerSpec& layer, const Shape& input);

}  // namespace fovea
