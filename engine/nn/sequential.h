#pragma once

#include <memory>
#include <vector>

#include "engine/nn/inverted_residual.h"

namespace fovea {

// A sequence of layers, each applied to the output of the one before: a network, or the block of a
// residual layer. Keeps the activations that backward() needs; in-place layers share one tensor
// with their input.
class Sequential {
 public:
  Sequential() = default;
  explicit Sequential(std::vector<std::unique_ptr<Layer>> layers);

  Shape output_shape(const Shape& in) const;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
    infer(x, y, scratch, 0, layers_.size());
  }
  // Only the layers first <= i < end. After prepare() an activation belongs to the layer before it.
  // REQUIRES: first <= end <= layers().size()
  void infer(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t first,
             std::size_t end) const;
  // The result is valid until the next forward(); x must not change until backward().
  const Tensor& forward(const Tensor& x, const Rng& rng);
  // REQUIRES: forward() was called. Overwrites dx unless it is null.
  void backward(const Tensor& dy, Tensor* dx);
  void freeze_statistics();
  // Prepares every layer. Layers that form an inverted residual block are computed together, and an
  // activation by the layer before it if that can compute it; infer() then skips the others.
  void prepare();

  std::vector<Param*> params();
  std::vector<Buffer*> buffers();
  std::int64_t flops(const Shape& in) const;
  std::int64_t largest_activation(const Shape& in) const;  // as of a layer; at least the input
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  // After prepare(): the block that all layers form, or null.
  const InvertedResidual* single_block() const {
    return layers_.size() == InvertedResidual::kLayers ? blocks_[0].get() : nullptr;
  }

 private:
  const Tensor& input_of(std::size_t i) const { return i == 0 ? *x_ : activations_[slot_[i - 1]]; }

  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::size_t> slot_;  // layer -> index of its output in activations_
  std::vector<char> fused_;        // layer -> 1 when a layer before it computes it in infer()
  std::vector<std::unique_ptr<InvertedResidual>> blocks_;  // layer -> the block that begins with it
  std::vector<Tensor> activations_;                        // training only
  const Tensor* x_ = nullptr;
  Tensor gradients_[2];
};

}  // namespace fovea
