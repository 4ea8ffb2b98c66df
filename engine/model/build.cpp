#include "engine/core/error.h"
#include "engine/model/network.h"
#include "engine/nn/activation.h"
#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/dense.h"
#include "engine/nn/depthwise_conv2d.h"
#include "engine/nn/dropout.h"
#include "engine/nn/pool.h"
#include "engine/nn/residual.h"

namespace fovea {
namespace {

using LayerPtr = std::unique_ptr<Layer>;

// One overload for each kind of layer; without one a new kind does not compile.
struct Builder {
  const Shape& in;
  const std::string& name;

  LayerPtr operator()(const Conv2dSpec& s) const {
    return std::make_unique<Conv2d>(Conv2d::Options{in.c, s.out, s.kernel, s.stride, s.pad, s.bias},
                                    name);
  }
  LayerPtr operator()(const DepthwiseConv2dSpec& s) const {
    return std::make_unique<DepthwiseConv2d>(
        DepthwiseConv2d::Options{in.c, s.kernel, s.stride, s.pad, s.bias}, name);
  }
  LayerPtr operator()(const BatchNormSpec& s) const {
    return std::make_unique<BatchNorm>(in.c, s.eps, s.momentum, name);
  }
  LayerPtr operator()(const ReluSpec&) const { return std::make_unique<Relu>(); }
  LayerPtr operator()(const Relu6Spec&) const { return std::make_unique<Relu6>(); }
  LayerPtr operator()(const GeluSpec&) const { return std::make_unique<Gelu>(); }
  LayerPtr operator()(const MaxPoolSpec& s) const { return std::make_unique<MaxPool>(s.size); }
  LayerPtr operator()(const GlobalAvgPoolSpec&) const { return std::make_unique<GlobalAvgPool>(); }
  LayerPtr operator()(const GlobalMaxPoolSpec&) const { return std::make_unique<GlobalMaxPool>(); }
  LayerPtr operator()(const DropoutSpec& s) const { return std::make_unique<Dropout>(s.rate); }
  LayerPtr operator()(const FlattenSpec&) const { return std::make_unique<Flatten>(); }
  LayerPtr operator()(const DenseSpec& s) const {
    return std::make_unique<Dense>(in.c, s.out, s.bias, name);
  }
  LayerPtr operator()(const ResidualSpec& s) const {
    return std::make_unique<Residual>(build_layers(s.block, in, name + ".block."));
  }
};

// The text of describe_layer().
struct Describer {
  const Shape& in;

  std::string arrow(int out) const { return std::to_string(in.c) + " -> " + std::to_string(out); }
  static std::string window(int kernel, int stride) {
    const std::string k = std::to_string(kernel);
    return k + "x" + k + (stride > 1 ? ", stride " + std::to_string(stride) : "");
  }
  std::string operator()(const Conv2dSpec& s) const {
    return "Conv2d(" + arrow(s.out) + ", " + window(s.kernel, s.stride) + ")";
  }
  std::string operator()(const DepthwiseConv2dSpec& s) const {
    return "DepthwiseConv2d(" + std::to_string(in.c) + ", " + window(s.kernel, s.stride) + ")";
  }
  std::string operator()(const BatchNormSpec&) const { return "BatchNorm"; }
  std::string operator()(const ReluSpec&) const { return "ReLU"; }
  std::string operator()(const Relu6Spec&) const { return "ReLU6"; }
  std::string operator()(const GeluSpec&) const { return "GELU"; }
  std::string operator()(const MaxPoolSpec& s) const {
    return "MaxPool(" + std::to_string(s.size) + ")";
  }
  std::string operator()(const GlobalAvgPoolSpec&) const { return "GlobalAvgPool"; }
  std::string operator()(const GlobalMaxPoolSpec&) const { return "GlobalMaxPool"; }
  std::string operator()(const DropoutSpec& s) const {
    return "Dropout(" + std::to_string(s.rate).substr(0, 4) + ")";
  }
  std::string operator()(const FlattenSpec&) const { return "Flatten"; }
  std::string operator()(const DenseSpec& s) const { return "Dense(" + arrow(s.out) + ")"; }
  std::string operator()(const ResidualSpec& s) const {
    return "Residual(" + std::to_string(s.block.size()) + " layers)";
  }
};

}  // namespace

std::string describe_layer(const LayerSpec& layer, const Shape& input) {
  return std::visit(Describer{input}, layer.kind);
}

Sequential build_layers(const std::vector<LayerSpec>& layers, const Shape& input,
                        const std::string& prefix) {
  std::vector<LayerPtr> built;
  Shape shape = input;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string name = prefix + std::to_string(i);
    const auto where = [&] {
      return "layer " + name + ", " + describe_layer(layers[i], shape) + " on " + to_string(shape) +
             ": ";
    };
    try {
      built.push_back(std::visit(Builder{shape, name}, layers[i].kind));
      shape = built.back()->output_shape(shape);
    } catch (const ShapeError& error) {
      throw ShapeError(where() + error.what());
    } catch (const ConfigError& error) {
      throw ConfigError(where() + error.what());
    }
  }
  return Sequential(std::move(built));
}

}  // namespace fovea
