#include "engine/model/presets.h"

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr float kConvDropout = 0.1f;
constexpr float kDenseDropout = 0.3f;

using Layers = std::vector<LayerSpec>;

void add_conv(Layers& layers, int out) {
  layers.push_back({Conv2dSpec{.out = out, .bias = false}});
  layers.push_back({BatchNormSpec{}});
  layers.push_back({ReluSpec{}});
}

void add_dense(Layers& layers, int out) {
  layers.push_back({DenseSpec{.out = out, .bias = false}});
  layers.push_back({BatchNormSpec{}});
  layers.push_back({ReluSpec{}});
}

void add_dropout(Layers& layers, float rate) {
  if (rate != 0) layers.push_back({DropoutSpec{rate}});
}

void add_tiny(Layers& layers) {
  for (const int out : {16, 32, 64}) {
    add_conv(layers, out);
    layers.push_back({MaxPoolSpec{}});
  }
  layers.push_back({GlobalAvgPoolSpec{}});
  layers.push_back({FlattenSpec{}});
}

void add_small(Layers& layers, float dropout) {
  for (const int out : {32, 64, 128}) {
    add_conv(layers, out);
    add_conv(layers, out);
    layers.push_back({MaxPoolSpec{}});
    add_dropout(layers, dropout * kConvDropout);
  }
  layers.push_back({FlattenSpec{}});
  for (const int out : {256, 128}) {
    add_dense(layers, out);
    add_dropout(layers, dropout * kDenseDropout);
  }
}

}  // namespace

std::vector<std::string> preset_names() {
  return {"tiny", "small"};
}

NetworkSpec preset_network(const std::string& name, int size, int classes, float dropout) {
  if (size < 8 || classes < 2) {
    throw ConfigError("preset " + name + " needs size >= 8 and classes >= 2, not " +
                      std::to_string(size) + " and " + std::to_string(classes));
  }
  if (!(dropout >= 0 && dropout * kDenseDropout < 1)) {
    throw ConfigError("preset " + name + ": the dropout factor " + std::to_string(dropout) +
                      " is out of range");
  }
  NetworkSpec spec;
  spec.input = {1, size, size, 3};
  if (name == "tiny") {
    add_tiny(spec.layers);
  } else if (name == "small") {
    add_small(spec.layers, dropout);
  } else {
    throw ConfigError("unknown preset " + name + "; known: tiny, small");
  }
  spec.layers.push_back({DenseSpec{.out = classes}});
  return spec;
}

}  // namespace fovea
