#pragma once

#include <cstdint>
#include <vector>

#include "engine/exchange/description.h"

namespace fovea {

// The model as an ONNX file: IR version 8, opset 17, 32-bit floats (docs/formats.md).
//   input   "image"          float {batch, 3, size, size}: R, G, B from 0 to 255
//   output  "probabilities"  float {batch, classes}: softmax(logits / temperature)
// The graph normalises. Initializers have the names, shapes and values of the tensors in the model
// file; dropout is omitted. The description is stored in metadata_props. Throws ConfigError when
// the file would exceed the 2 GiB of a protobuf message.
std::vector<std::uint8_t> write_onnx(const Model& model, const ExportSource& source);

}  // namespace fovea
