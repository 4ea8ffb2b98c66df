#pragma once

#include "engine/nn/sequential.h"

namespace fovea {

// y = x + block(x) (He et al. 2016). The block must keep the shape.
class Residual : public Layer {
 public:
  explicit Residual(Sequential block) : block_(std::move(block)) {}
  Shape output_shape(const Shape& in) const override;  // ShapeError when the block changes it
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  std::vector<Param*> params() override { return block_.params(); }
  std::vector<Buffer*> buffers() override { return block_.buffers(); }
  void freeze_statistics() override { block_.freeze_statistics(); }
  void prepare() override { block_.prepare(); }
  std::int64_t flops(const Shape& in) const override { return block_.flops(in); }
  std::int64_t largest_activation(const Shape& in) const override {
    return block_.largest_activation(in);
  }
  const Sequential& block() const { return block_; }

 private:
  Sequential block_;
};

}  // namespace fovea
