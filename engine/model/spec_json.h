#pragma once

#include <string>
#include <string_view>

#include "engine/model/spec.h"

namespace fovea {

// A network's architecture as JSON text, as stored in the model file (docs/model-format.md):
// {"input":[h,w,c],"layers":[{"kind":"conv2d","out":32,"kernel":3,"stride":1,"pad":1,"bias":true}]}
std::string spec_to_json(const NetworkSpec& spec);

// Throws FormatError naming the layer ("layer 5.block.1 (conv2d): ..."): unknown kind or key,
// missing key, wrong type, a number outside its limits, more than 512 layers, residual blocks
// nested deeper than 4. Whether the shapes fit together is not looked at.
NetworkSpec spec_from_json(std::string_view text);

// The JSON name of a layer's kind: "conv2d", "batch_norm", ...
const char* kind_name(const LayerSpec& layer);

}  // namespace fovea
