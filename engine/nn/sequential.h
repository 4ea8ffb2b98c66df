#pragma once

#include <memory>
#include <vector>

#include "engine/nn/layer.h"

namespace fovea {

// Layers one after the other: what a network and the inside of a residual block have in common.
// Keeps the activations that backward needs; in-place layers share one tensor with their input.
class Sequential {
 public:
  Sequential() = default;
  explicit Sequential(std::vector<std::unique_ptr<Layer>> layers);

  Shape output_shape(const Shape& in) const;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
    infer(x, y, scratch, 0, layers_.size());
  }
  // The layers first <= i < end alone. REQUIRES: first <= end <= layers().size().
  void infer(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t first,
             std::size_t end) const;
  // The result stays valid until the next forward; x must stay untouched until backward.
  const Tensor& forward(const Tensor& x, const Rng& rng);
  // REQUIRES: a forward before. Overwrites dx unless null.
  void backward(const Tensor& dy, Tensor* dx);
  void freeze_statistics();
  void prepare();

  std::vector<Param*> params();
  std::vector<Buffer*> buffers();
  std::int64_t flops(const Shape& in) const;
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }

 private:
  const Tensor& input_of(std::size_t i) const { return i == 0 ? *x_ : activations_[slot_[i - 1]]; }

  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::size_t> slot_;    // layer -> its output in activations_
  std::vector<Tensor> activations_;  // training only
  const Tensor* x_ = nullptr;
  Tensor gradients_[2];
};

}  // namespace fovea
