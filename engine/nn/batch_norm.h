#pragma once

#include "engine/nn/layer.h"

namespace fovea {

// Batch normalisation over (n, h, w) per channel (Ioffe and Szegedy 2015, algorithm 1):
//   forward:  y = weight * (x - mean) / sqrt(var + eps) + bias   mean, var (biased) of this batch
//   infer:    the same with running_mean, running_var
// In training the batch is one micro-batch, so this is ghost batch normalisation (Hoffer et al.
// 2017). With frozen statistics forward uses infer's formula and treats mean and var as constants,
// which suits fine-tuning on few images (Keras calls it inference mode).
// Params: weight, bias {1, 1, 1, c}, no weight decay. Buffers: running_mean, running_var
// (unbiased).
class BatchNorm : public Layer {
 public:
  BatchNorm(int channels, float eps, float momentum, const std::string& name);

  Shape output_shape(const Shape& in) const override;
  void infer(const Tensor& x, Tensor& y, Scratch& scratch) const override;
  void forward(const Tensor& x, Tensor& y, const Rng& rng) override;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override;
  std::vector<Param*> params() override { return {&weight_, &bias_}; }
  std::vector<Buffer*> buffers() override { return {&mean_, &var_}; }
  void freeze_statistics() override;

 private:
  int channels_;
  float eps_;
  bool frozen_ = false;
  Param weight_, bias_;
  Buffer mean_, var_;
  Tensor inverse_std_;  // 1 / sqrt(var + eps) of the last forward
  Tensor scale_, shift_, scratch_;
};

}  // namespace fovea
