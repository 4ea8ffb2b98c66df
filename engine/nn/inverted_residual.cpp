#include "engine/nn/inverted_residual.h"

namespace fovea {

std::unique_ptr<InvertedResidual> InvertedResidual::make(
    std::span<const std::unique_ptr<Layer>> layers) {
  using kernels::Activation;
  if (layers.size() < kLayers) return nullptr;
  auto* first = dynamic_cast<Conv2d*>(layers[0].get());
  auto* depthwise = dynamic_cast<DepthwiseConv2d*>(layers[2].get());
  auto* last = dynamic_cast<Conv2d*>(layers[4].get());
  const Activation after_first = layers[1]->activation(), after_depthwise = layers[3]->activation();
  if (first == nullptr || depthwise == nullptr || last == nullptr ||
      after_first == Activation::none || after_depthwise == Activation::none) {
    return nullptr;
  }
  const DepthwiseConv2d::Options& d = depthwise->options();
  const Conv2d::Options& l = last->options();
  if ((d.kernel != 3 && d.kernel != 5) || d.stride > 2 || l.kernel != 1 || l.stride != 1 ||
      l.pad > 0) {
    return nullptr;
  }
  std::unique_ptr<InvertedResidual> block(new InvertedResidual(*first, *depthwise, *last));
  kernels::InvertedResidualWeights& weights = block->weights_;
  weights.first = first->take_packed();
  weights.first_activation = after_first;
  kernels::pack_depthwise(depthwise->weight().value.data(), depthwise->bias().value.data(),
                          d.kernel * d.kernel, weights);
  weights.depthwise_activation = after_depthwise;
  weights.last = last->take_packed();
  depthwise->free_weights();
  return block;
}

Shape InvertedResidual::output_shape(const Shape& in) const {
  return last_.output_shape(depthwise_.output_shape(first_.output_shape(in)));
}

void InvertedResidual::infer(const Tensor& x, const Tensor* add, Tensor& y,
                             Scratch& scratch) const {
  const kernels::ConvShape first = first_.shape_for(x.shape());
  const kernels::InvertedResidualShape shape{
      first, depthwise_.shape_for(first_.output_shape(x.shape())), last_.options().out};
  kernels::inverted_residual_infer(x.data(), x.shape().n, shape, weights_, last_.fused(),
                                   add == nullptr ? nullptr : add->data(), y.data(), scratch.conv,
                                   scratch.threads);
}

}  // namespace fovea
