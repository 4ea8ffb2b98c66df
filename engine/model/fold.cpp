#include "engine/model/fold.h"

#include <cmath>
#include <span>

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

// The layers that remain: without a batch norm that follows weights, whose layer gets a bias, and
// without dropout unless it is kept.
std::vector<LayerSpec> folded_layers(const std::vector<LayerSpec>& layers, bool keeps_dropout) {
  std::vector<LayerSpec> folded;
  bool after_weights = false;
  for (const LayerSpec& layer : layers) {
    if (!keeps_dropout && std::holds_alternative<DropoutSpec>(layer.kind)) continue;
    if (after_weights && std::holds_alternative<BatchNormSpec>(layer.kind)) {
      *bias_flag(folded.back()) = true;
      after_weights = false;
      continue;
    }
    folded.push_back(layer);
    if (auto* residual = std::get_if<ResidualSpec>(&folded.back().kind)) {
      residual->block = folded_layers(residual->block, keeps_dropout);
    }
    after_weights = has_weights(layer);
  }
  return folded;
}

Network folded_network(const Network& network, bool keeps_dropout) {
  NetworkSpec spec = network.spec();
  spec.layers = folded_layers(spec.layers, keeps_dropout);
  return Network(spec);
}

// The arrays of a layer with weights and of the batch norm after it.
struct FoldedLayer {
  Param* weight;
  Param* bias;  // null: none
  Param *gamma, *beta;
  const Buffer *mean, *var;
  float eps;
  Param *folded_weight, *folded_bias;

  double inverse_std(int o) const { return 1 / std::sqrt(double{var->value.data()[o]} + eps); }
  std::vector<double> scales() const {
    std::vector<double> scale(weight->value.shape().c);
    for (int o = 0; o < int_size(scale); ++o) scale[o] = gamma->value.data()[o] * inverse_std(o);
    return scale;
  }
  // b - mean
  double shift(int o) const {
    return (bias ? double{bias->value.data()[o]} : 0.0) - mean->value.data()[o];
  }

  void fold() const {
    const int out = weight->value.shape().c;
    // In double, so that the result is rounded only once.
    const std::vector<double> scale = scales();
    for (int o = 0; o < out; ++o) {
      folded_bias->value.data()[o] =
          static_cast<Scalar>(shift(o) * scale[o] + beta->value.data()[o]);
    }
    const Scalar* w = weight->value.data();
    Scalar* to = folded_weight->value.data();
    for (const Scalar* end = w + weight->value.size(); w < end; w += out, to += out) {
      for (int o = 0; o < out; ++o) to[o] = static_cast<Scalar>(w[o] * scale[o]);
    }
  }

  void unfold() const {
    const int out = weight->value.shape().c;
    const std::vector<double> scale = scales();
    std::vector<double> sums(out);
    const Scalar *w = weight->value.data(), *from = folded_weight->grad.data();
    Scalar* to = weight->grad.data();
    for (const Scalar* end = w + weight->value.size(); w < end; w += out, from += out, to += out) {
      for (int o = 0; o < out; ++o) {
        sums[o] += double{w[o]} * from[o];
        to[o] = static_cast<Scalar>(from[o] * scale[o]);
      }
    }
    for (int o = 0; o < out; ++o) {
      const double db = folded_bias->grad.data()[o];
      gamma->grad.data()[o] = static_cast<Scalar>((sums[o] + shift(o) * db) * inverse_std(o));
      beta->grad.data()[o] = static_cast<Scalar>(db);
      if (bias) bias->grad.data()[o] = static_cast<Scalar>(db * scale[o]);
    }
  }
};

// Walks through the arrays of both networks in the order of the layers of the first, and calls
// folded(FoldedLayer) for layers with a batch norm and same(Param& from, Param& to) and
// same(Buffer& from, Buffer& to) for arrays that both have.
template <class Folded, class Same>
class Walker {
 public:
  Walker(const Network& from, const Network& to, bool keeps_dropout, Folded folded, Same same)
      : keeps_dropout_(keeps_dropout),
        from_(from.params()),
        to_(to.params()),
        buffers_(from.buffers()),
        to_buffers_(to.buffers()),
        folded_(folded),
        same_(same) {}

  void walk(const std::vector<LayerSpec>& layers) {
    std::vector<const LayerSpec*> kept;
    for (const LayerSpec& layer : layers) {
      if (keeps_dropout_ || !std::holds_alternative<DropoutSpec>(layer.kind)) {
        kept.push_back(&layer);
      }
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      LayerSpec layer = *kept[i];
      if (const auto* residual = std::get_if<ResidualSpec>(&layer.kind)) {
        walk(residual->block);
      } else if (const bool* bias = bias_flag(layer)) {
        const auto* norm =
            i + 1 < kept.size() ? std::get_if<BatchNormSpec>(&kept[i + 1]->kind) : nullptr;
        if (norm != nullptr) {
          visit_folded(*bias, norm->eps);
          ++i;
        } else {
          visit_same(*bias ? 2 : 1, 0);
        }
      } else if (std::holds_alternative<BatchNormSpec>(layer.kind)) {
        visit_same(2, 2);
      }
    }
  }

 private:
  // Removes and returns the first element.
  template <typename Span>
  static auto take(Span& span) {
    auto* first = span.front();
    span = span.subspan(1);
    return first;
  }

  void visit_same(int params, int buffers) {
    for (int i = 0; i < params; ++i) {
      Param* from = take(from_);
      same_(*from, *take(to_));
    }
    for (int i = 0; i < buffers; ++i) {
      Buffer* from = take(buffers_);
      same_(*from, *take(to_buffers_));
    }
  }

  void visit_folded(bool has_bias, float eps) {
    FoldedLayer layer{};
    layer.weight = take(from_);
    layer.bias = has_bias ? take(from_) : nullptr;
    layer.gamma = take(from_);
    layer.beta = take(from_);
    layer.mean = take(buffers_);
    layer.var = take(buffers_);
    layer.eps = eps;
    layer.folded_weight = take(to_);
    layer.folded_bias = take(to_);
    folded_(layer);
  }

  const bool keeps_dropout_;  // then a batch norm after it is not folded
  std::span<Param*const> from_, to_;
  std::span<Buffer*const> buffers_, to_buffers_;
  Folded folded_;
  Same same_;
};

void fold_weights_of(const Network& network, Network& folded, bool keeps_dropout) {
  Walker(
      network, folded, keeps_dropout, [](const FoldedLayer& layer) { layer.fold(); },
      [](const auto& from, auto& to) { to.value.copy_from(from.value); })
      .walk(network.spec().layers);
}

}  // namespace

Network fold_batch_norm(const Network& network) {
  Network folded = folded_network(network, false);
  fold_weights_of(network, folded, false);
  folded.prepare();
  return folded;
}

FoldedTraining::FoldedTraining(Network& network)
    : network_(network), folded_(folded_network(network, true)) {
  folded_.freeze_statistics();  // of batch norm that does not follow weights
  fold_weights();
}

void FoldedTraining::fold_weights() {
  fold_weights_of(network_, folded_, true);
}

void FoldedTraining::unfold_gradients() {
  const auto copy_gradient = [](auto& to, auto& from) {
    if constexpr (requires { to.grad; }) to.grad.copy_from(from.grad);
  };
  Walker(
      network_, folded_, true, [](const FoldedLayer& layer) { layer.unfold(); }, copy_gradient)
      .walk(network_.spec().layers);
}

}  // namespace fovea
