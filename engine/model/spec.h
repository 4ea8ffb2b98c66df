#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/shape.h"

namespace fovea {

// The architecture of a network as data, which is stored in the model file. The layers correspond
// one to one to a torch.nn.Sequential of the modules named beside them, so the weight of layer 3 is
// "3.weight".

struct Conv2dSpec {  // nn.Conv2d, square kernel, zero padding
  int out = 0;
  int kernel = 3;
  int stride = 1;
  int pad = 1;  // on each side, or kSamePadding (engine/nn/conv2d.h), which PyTorch does not have
  bool bias = true;
  bool operator==(const Conv2dSpec&) const = default;
};
struct DepthwiseConv2dSpec {  // nn.Conv2d with groups = channels
  int kernel = 3;
  int stride = 1;
  int pad = 1;  // as in Conv2dSpec
  bool bias = true;
  bool operator==(const DepthwiseConv2dSpec&) const = default;
};
struct BatchNormSpec {  // nn.BatchNorm2d / nn.BatchNorm1d
  float eps = 1e-5f;
  float momentum = 0.1f;  // running = (1 - momentum) * running + momentum * batch
  bool operator==(const BatchNormSpec&) const = default;
};
struct ReluSpec {  // nn.ReLU
  bool operator==(const ReluSpec&) const = default;
};
struct Relu6Spec {  // nn.ReLU6
  bool operator==(const Relu6Spec&) const = default;
};
struct GeluSpec {  // nn.GELU, the exact form with erf
  bool operator==(const GeluSpec&) const = default;
};
struct MaxPoolSpec {  // nn.MaxPool2d(size), stride = size; the remainder is dropped
  int size = 2;
  bool operator==(const MaxPoolSpec&) const = default;
};
struct GlobalAvgPoolSpec {  // nn.AdaptiveAvgPool2d(1)
  bool operator==(const GlobalAvgPoolSpec&) const = default;
};
struct GlobalMaxPoolSpec {  // nn.AdaptiveMaxPool2d(1)
  bool operator==(const GlobalMaxPoolSpec&) const = default;
};
struct DropoutSpec {  // nn.Dropout; `rate` is the probability of a zero, 0 <= rate < 1
  float rate = 0.5f;
  bool operator==(const DropoutSpec&) const = default;
};
struct FlattenSpec {  // nn.Flatten
  bool operator==(const FlattenSpec&) const = default;
};
struct DenseSpec {  // nn.Linear
  int out = 0;
  bool bias = true;
  bool operator==(const DenseSpec&) const = default;
};
struct LayerSpec;
struct ResidualSpec {  // y = x + block(x); its layers are named "<index>.block.<inner index>"
  std::vector<LayerSpec> block;
  bool operator==(const ResidualSpec&) const;
};
struct LayerSpec {
  std::variant<Conv2dSpec, DepthwiseConv2dSpec, BatchNormSpec, ReluSpec, Relu6Spec, GeluSpec,
               MaxPoolSpec, GlobalAvgPoolSpec, GlobalMaxPoolSpec, DropoutSpec, FlattenSpec,
               DenseSpec, ResidualSpec>
      kind;
  bool operator==(const LayerSpec&) const = default;
};
inline bool ResidualSpec::operator==(const ResidualSpec& other) const {
  return block == other.block;
}

struct NetworkSpec {
  Shape input{1, 32, 32, 3};  // n is ignored
  std::vector<LayerSpec> layers;
  bool operator==(const NetworkSpec&) const = default;
};

// In spec_json.cpp:
// The architecture as JSON text, as stored in the model file (docs/model-format.md):
// {"input":[h,w,c],"layers":[{"kind":"conv2d","out":32,"kernel":3,"stride":1,"pad":1,"bias":true}]}
std::string spec_to_json(const NetworkSpec& spec);
// Throws FormatError naming the layer ("layer 5.block.1 (conv2d): ..."): an unknown kind or key, a
// missing key, a wrong type, a number outside its limits, more than 512 layers, residual blocks
// nested deeper than 4. Does not check whether the shapes fit together.
NetworkSpec spec_from_json(std::string_view text);
// The JSON name of a layer's kind: "conv2d", "batch_norm", ...
const char* kind_name(const LayerSpec& layer);

}  // namespace fovea
