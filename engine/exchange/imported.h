#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace fovea {

// What the user states about an imported network, for what the file does not contain.
struct ImportSettings {
  std::optional<NetworkSpec> network;               // state dicts: required
  std::optional<std::vector<std::string>> classes;  // if the file has none
  std::optional<Preprocess> preprocess;             // Keras: only `fit`, if the file has none
  float temperature = 1;                            // state dicts
};

// Files of other programs -> models (docs/formats.md). Both throw FormatError naming the layer or
// tensor when the file is malformed or contains what Fovea cannot compute, and ConfigError when a
// setting is missing. Shapes are compared before memory for the network is allocated. Provenance is
// empty, except for `parent` when the file names the weights that it was made from.

// A Keras HDF5 file written by write_keras_h5(), possibly trained further and saved by Keras 3: a
// Sequential model, or a functional one whose only branches are residual. The first layer must be
// the Rescaling that normalises.
Model read_keras_h5(std::span<const std::uint8_t> bytes, const ImportSettings& settings);

// A PyTorch state dict in a safetensors file. Tensors are matched with the layers of the network by
// name (nn.Sequential: "0.weight", or with a common prefix, "net.0.weight"), or by kind and number:
// conv1, conv2, ... are the convolutions, bn1, ... the batch norms and fc1, ... the linear layers,
// each in the order of the network. `num_batches_tracked` is ignored.
Model read_state_dict(std::span<const std::uint8_t> bytes, const ImportSettings& settings);

}  // namespace fovea
