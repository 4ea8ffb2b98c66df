#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// The maximum of each size x size window. Windows do not overlap; rows and columns that do not fill
// a window are dropped. Of equal values the first, row by row, gets the gradient.
class MaxPool : public Layer {
 public:
  explicit MaxPool(int size);
  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;

 private:
  int size_;
  std::vector<std::uint8_t> argmax_;  // position of the maximum in its window, for each output
};

// The mean or maximum over all rows and columns: {n, h, w, c} -> {n, 1, 1, c}.
class GlobalAvgPool : public Layer {
 public:
  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
};

class GlobalMaxPool : public Layer {
 public:
  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;

 private:
  std::vector<std::int32_t> argmax_;  // pixel of the maximum, for each output
};

}  // namespace fovea
