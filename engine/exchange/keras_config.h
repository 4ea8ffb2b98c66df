#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/spec.h"

namespace fovea {

// A layer and the Keras layer that holds its weights.
struct KerasLayerSpec {
  LayerSpec spec;
  std::string keras_name;             // empty: no weights
  std::vector<KerasLayerSpec> block;  // of a residual layer, whose spec.block is empty
};

// The network that the model_config of a Keras file describes.
struct KerasConfig {
  int size = 0;  // of the square input
  std::array<float, 3> mean{}, std{};
  float temperature = 1;
  std::vector<KerasLayerSpec> layers;  // between normalisation and temperature
};

// Throws FormatError naming the layer when it is of another kind or has an option that Fovea cannot
// compute, and when branches are not residual. Does not check whether the shapes fit together.
KerasConfig parse_keras_config(std::string_view text);

}  // namespace fovea
