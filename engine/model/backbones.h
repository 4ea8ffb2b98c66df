#pragma once

#include <string>
#include <vector>

#include "engine/image/preprocess.h"
#include "engine/model/spec.h"

namespace fovea {

// Networks that are published with weights trained on ImageNet (ILSVRC 2012, 1,000 classes), whose
// features other classifiers can use (docs/decisions/0027-backbones.md):
//   efficientnet-lite0, -lite1, -lite2
// EfficientNet (Tan and Le 2019) without squeeze-and-excitation and with ReLU6, published 2020 by
// TensorFlow. Each block is an inverted residual block (Sandler et al. 2018, section 3.3).
std::vector<std::string> backbone_names();

struct Backbone {
  std::string name;
  Preprocess preprocess;  // as published: its size, mean 127 / 255 and std 128 / 255
  float dropout;          // before the last layer
  NetworkSpec network;    // for that size, with 1,000 outputs
  // The module of the published PyTorch state dict for each layer with weights, in the order of the
  // network: "_conv_stem", "_bn0", "_blocks.0._depthwise_conv", ..., "_fc".
  std::vector<std::string> modules;
};

// Throws ConfigError for an unknown name.
Backbone backbone(const std::string& name);

// The same network for images of another size, with another number of outputs. Any size fits,
// because of TensorFlow's padding. Throws ConfigError for an unknown name, size < 32 or classes
// < 2.
NetworkSpec backbone_network(const std::string& name, int size, int classes);

}  // namespace fovea
