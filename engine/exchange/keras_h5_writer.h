#pragma once

#include <cstdint>
#include <vector>

#include "engine/exchange/description.h"

namespace fovea {

// The model as a Keras HDF5 file for keras.models.load_model(), without custom objects
// (docs/formats.md).
//   input   "image"          float32 {batch, size, size, 3}: R, G, B from 0 to 255
//   output  "probabilities"  float32 {batch, classes}: softmax(logits / temperature)
// The network normalises. A Sequential model, or a functional one when the network has residual
// blocks. Layers are named "<kind>_<index>", e.g. conv2d_0 or dense_5_block_1. The description is
// stored as JSON in the attribute "fovea" of the root group.
std::vector<std::uint8_t> write_keras_h5(const Model& model, const ExportSource& source);

}  // namespace fovea
