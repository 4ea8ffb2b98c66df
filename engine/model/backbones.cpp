#include "engine/model/backbones.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

constexpr int kStem = 32, kHead = 1280;  // channels; not scaled
constexpr int kImageNetClasses = 1000;
constexpr float kEpsilon = 1e-3f, kMomentum = 0.01f;

// How a network differs from EfficientNet-Lite0.
struct Scaling {
  const char* name;
  double width, depth;
  int size;
  float dropout;
};
constexpr Scaling kScalings[] = {{"efficientnet-lite0", 1.0, 1.0, 224, 0.2f},
                                 {"efficientnet-lite1", 1.0, 1.1, 240, 0.2f},
                                 {"efficientnet-lite2", 1.1, 1.2, 260, 0.3f}};

// Table 1 of Tan and Le 2019: `repeats` blocks, of which the first has this stride.
struct Stage {
  int repeats, kernel, stride, expansion, out;
};
constexpr Stage kStages[] = {{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},
                             {3, 3, 2, 6, 80}, {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192},
                             {1, 3, 1, 6, 320}};

const Scaling& scaling_of(const std::string& name) {
  const auto* found = std::find_if(std::begin(kScalings), std::end(kScalings),
                                   [&](const Scaling& scaling) { return name == scaling.name; });
  if (found == std::end(kScalings)) {
    std::string known;
    for (const Scaling& scaling : kScalings) known += std::string(", ") + scaling.name;
    throw ConfigError("unknown backbone " + name + "; known: " + known.substr(2));
  }
  return *found;
}

// channels * width, rounded to a multiple of 8, but not down by more than 10 %.
int scaled_channels(int channels, double width) {
  const double wanted = channels * width;
  const int rounded = std::max(8, static_cast<int>(wanted + 4) / 8 * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

class BackboneBuilder {
 public:
  explicit BackboneBuilder(const Scaling& scaling) : scaling_(scaling) {}

  Backbone build(int size, int classes) {
    Backbone result;
    result.name = scaling_.name;
    result.preprocess.size = size;
    result.preprocess.mean.fill(127.0f / 255);
    result.preprocess.std.fill(128.0f / 255);
    result.dropout = scaling_.dropout;
    result.network.input = {1, size, size, 3};
    auto& layers = result.network.layers;
    convolution(layers, "_conv_stem", {kStem, 3, 2, kSamePadding, false}, "_bn0", true);
    channels_ = kStem;
    for (const Stage& stage : kStages) add_stage(layers, stage);
    convolution(layers, "_conv_head", {kHead, 1, 1, 0, false}, "_bn1", true);
    layers.push_back({GlobalAvgPoolSpec{}});
    layers.push_back({FlattenSpec{}});
    layers.push_back({DropoutSpec{scaling_.dropout}});
    layers.push_back({DenseSpec{classes, true}});
    modules_.emplace_back("_fc");
    result.modules = std::move(modules_);
    return result;
  }

 private:
  void add_stage(std::vector<LayerSpec>& layers, const Stage& stage) {
    // The first and the last stage keep their number of blocks.
    const bool fixed = &stage == std::begin(kStages) || &stage == std::end(kStages) - 1;
    const int repeats =
        fixed ? stage.repeats : static_cast<int>(std::ceil(scaling_.depth * stage.repeats));
    const int out = scaled_channels(stage.out, scaling_.width);
    for (int i = 0; i < repeats; ++i) {
      const int stride = i == 0 ? stage.stride : 1;
      std::vector<LayerSpec> block = inverted_residual(stage, stride, out);
      if (stride == 1 && channels_ == out) {
        layers.push_back({ResidualSpec{std::move(block)}});
      } else {
        layers.insert(layers.end(), block.begin(), block.end());
      }
      channels_ = out;
    }
  }

  // Expand 1x1 (except with expansion 1), depthwise, project 1x1 without an activation.
  std::vector<LayerSpec> inverted_residual(const Stage& stage, int stride, int out) {
    std::vector<LayerSpec> block;
    const std::string name = "_blocks." + std::to_string(block_++) + ".";
    if (stage.expansion != 1) {
      convolution(block, name + "_expand_conv", {channels_ * stage.expansion, 1, 1, 0, false},
                  name + "_bn0", true);
    }
    block.push_back({DepthwiseConv2dSpec{stage.kernel, stride, kSamePadding, false}});
    modules_.push_back(name + "_depthwise_conv");
    norm(block, name + "_bn1", true);
    convolution(block, name + "_project_conv", {out, 1, 1, 0, false}, name + "_bn2", false);
    return block;
  }

  void convolution(std::vector<LayerSpec>& layers, const std::string& name, const Conv2dSpec& spec,
                   const std::string& norm_name, bool activation) {
    layers.push_back({spec});
    modules_.push_back(name);
    norm(layers, norm_name, activation);
  }

  void norm(std::vector<LayerSpec>& layers, const std::string& name, bool activation) {
    layers.push_back({BatchNormSpec{kEpsilon, kMomentum}});
    modules_.push_back(name);
    if (activation) layers.push_back({Relu6Spec{}});
  }

  const Scaling& scaling_;
  int channels_ = 0, block_ = 0;
  std::vector<std::string> modules_;
};

}  // namespace

std::vector<std::string> backbone_names() {
  std::vector<std::string> names;
  for (const Scaling& scaling : kScalings) names.emplace_back(scaling.name);
  return names;
}

Backbone backbone(const std::string& name) {
  const Scaling& scaling = scaling_of(name);
  return BackboneBuilder(scaling).build(scaling.size, kImageNetClasses);
}

NetworkSpec backbone_network(const std::string& name, int size, int classes) {
  const Scaling& scaling = scaling_of(name);
  if (size < 32 || classes < 2) {
    throw ConfigError("backbone " + name + " needs size >= 32 and classes >= 2, not " +
                      std::to_string(size) + " and " + std::to_string(classes));
  }
  return BackboneBuilder(scaling).build(size, classes).network;
}

}  // namespace fovea
