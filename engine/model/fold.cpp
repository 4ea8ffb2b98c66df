#include "engine/model/network.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

bool has_weights(const LayerSpec& layer) {
  return std::holds_alternative<Conv2dSpec>(layer.kind) ||
         std::holds_alternative<DepthwiseConv2dSpec>(layer.kind) ||
         std::holds_alternative<DenseSpec>(layer.kind);
}

bool* bias_flag(LayerSpec& layer) {
  if (auto* conv = std::get_if<Conv2dSpec>(&layer.kind)) return &conv->bias;
  if (auto* conv = std::get_if<DepthwiseConv2dSpec>(&layer.kind)) return &conv->bias;
  if (auto* dense = std::get_if<DenseSpec>(&layer.kind)) return &dense->bias;
  return nullptr;
}

// The layers that remain: without dropout, and without a batch norm that follows weights, whose
// layer gets a bias.
std::vector<LayerSpec> folded_layers(const std::vector<LayerSpec>& layers) {
  std::vector<LayerSpec> folded;
  bool after_weights = false;
  for (const LayerSpec& layer : layers) {
    if (std::holds_alternative<DropoutSpec>(layer.kind)) continue;
    if (after_weights && std::holds_alternative<BatchNormSpec>(layer.kind)) {
      *bias_flag(folded.back()) = true;
      after_weights = false;
      continue;
    }
    folded.push_back(layer);
    if (auto* residual = std::get_if<ResidualSpec>(&folded.back().kind)) {
      residual->block = folded_layers(residual->block);
    }
    after_weights = has_weights(layer);
  }
  return folded;
}

// Walks through the arrays of both networks in the order of the original layers.
struct Walker {
  std::span<Param*const> from, to;
  std::span<Buffer*const> buffers, to_buffers;

  // Removes and returns the first element.
  template <typename Span>
  static auto take(Span& span) {
    auto* first = span.front();
    span = span.subspan(1);
    return first;
  }

  void copy_layer(int param_count, int buffer_count) {
    for (int i = 0; i < param_count; ++i) take(to)->value.copy_from(take(from)->value);
    for (int i = 0; i < buffer_count; ++i) {
      take(to_buffers)->value.copy_from(take(buffers)->value);
    }
  }

  // w' = w * scale and b' = (b - mean) * scale + beta with scale = gamma / sqrt(var + eps), for
  // each output channel.
  void fold_layer(bool has_bias, float eps) {
    const Tensor& weight = take(from)->value;
    const Tensor* bias = has_bias ? &take(from)->value : nullptr;
    const Tensor &gamma = take(from)->value, &beta = take(from)->value;
    const Tensor &mean = take(buffers)->value, &var = take(buffers)->value;
    Tensor &w = take(to)->value, &b = take(to)->value;
    const int out = weight.shape().c;
    for (int o = 0; o < out; ++o) {
      // In double, so that the result is rounded only once.
      const double scale = gamma.data()[o] / std::sqrt(double{var.data()[o]} + eps);
      const double old = bias ? bias->data()[o] : 0.0;
      b.data()[o] = static_cast<Scalar>((old - mean.data()[o]) * scale + beta.data()[o]);
      for (std::int64_t i = o; i < weight.size(); i += out) {
        w.data()[i] = static_cast<Scalar>(weight.data()[i] * scale);
      }
    }
  }

  void walk(const std::vector<LayerSpec>& layers) {
    std::vector<const LayerSpec*> kept;
    for (const LayerSpec& layer : layers) {
      if (!std::holds_alternative<DropoutSpec>(layer.kind)) kept.push_back(&layer);
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      LayerSpec layer = *kept[i];
      if (const auto* residual = std::get_if<ResidualSpec>(&layer.kind)) {
        walk(residual->block);
      } else if (const bool* bias = bias_flag(layer)) {
        const auto* norm =
            i + 1 < kept.size() ? std::get_if<BatchNormSpec>(&kept[i + 1]->kind) : nullptr;
        if (norm != nullptr) {
          fold_layer(*bias, norm->eps);
          ++i;
        } else {
          copy_layer(*bias ? 2 : 1, 0);
        }
      } else if (std::holds_alternative<BatchNormSpec>(layer.kind)) {
        copy_layer(2, 2);
      }
    }
  }
};

}  // namespace

Network fold_batch_norm(const Network& network) {
  NetworkSpec spec = network.spec();
  spec.layers = folded_layers(spec.layers);
  Network folded(spec);
  Walker{network.params(), folded.params(), network.buffers(), folded.buffers()}.walk(
      network.spec().layers);
  folded.prepare();
  return folded;
}

}  // namespace fovea
