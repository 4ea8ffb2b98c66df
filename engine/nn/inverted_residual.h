#pragma once

#include <memory>
#include <span>

#include "engine/kernels/inverted_residual.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/depthwise_conv2d.h"

namespace fovea {

// Inference with five neighbouring layers as one kernel (kernels/inverted_residual.h): convolution,
// activation, depthwise convolution, activation, 1x1 convolution. Created by Sequential::prepare().
class InvertedResidual {
 public:
  static constexpr std::size_t kLayers = 5;
  // From the first kLayers of `layers`, whose weights it then frees; null when these are not of
  // that kind, or the depthwise convolution has an unusual kernel.
  static std::unique_ptr<InvertedResidual> make(std::span<const std::unique_ptr<Layer>> layers);

  Shape output_shape(const Shape& in) const;
  // y = block(x) + add (null: nothing). REQUIRES: y has output_shape(x.shape())
  void infer(const Tensor& x, const Tensor* add, Tensor& y, Scratch& scratch) const;

 private:
  InvertedResidual(const Conv2d& first, const DepthwiseConv2d& depthwise, const Conv2d& last)
      : first_(first), depthwise_(depthwise), last_(last) {}

  const Conv2d& first_;
  const DepthwiseConv2d& depthwise_;
  const Conv2d& last_;
  kernels::InvertedResidualWeights weights_;
};

}  // namespace fovea
