#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model/spec.h"
#include "engine/nn/sequential.h"

namespace fovea {

// A sequence of layers built from a NetworkSpec. Implemented in network.cpp; build.cpp creates the
// layers, fold.cpp folds batch norm.
// Thread contract: infer() is const and may run concurrently; everything else needs one owner.
class Network {
 public:
  // All weights zero, batch norm at identity. Throws ShapeError and ConfigError naming the layer's
  // index, its kind and its input shape.
  explicit Network(const NetworkSpec& spec);
  Network(Network&&) noexcept = default;
  Network& operator=(Network&&) noexcept = default;

  void initialise(std::uint64_t seed, Init init = Init::he);
  Network clone() const;                   // same spec, same values; gradients zero
  void copy_values(const Network& other);  // params and buffers; REQUIRES: the same spec

  const NetworkSpec& spec() const { return spec_; }
  int outputs() const { return outputs_; }  // number of logits

  // x {n, h, w, c} -> logits {n, 1, 1, outputs()}. Any n. Throws ShapeError when x does not fit.
  // Large images are processed in groups, so that memory does not grow with n and the activations
  // of a group stay in the cache; the result does not depend on it.
  void infer(const Tensor& x, Tensor& logits, Scratch& scratch) const;

  // The same in two steps. The last layer is the head; its input are the features.
  //   infer_features: x {n, h, w, c} -> features {n, 1, 1, feature_dim()}
  //   infer_head:     features -> logits {n, 1, 1, outputs()}
  // Throw ShapeError when the last layer is not a Dense, or the input does not fit.
  int feature_dim() const;
  void infer_features(const Tensor& x, Tensor& features, Scratch& scratch) const;
  void infer_head(const Tensor& features, Tensor& logits, Scratch& scratch) const;

  // The output of the first `count` layers. Throws ShapeError when x does not fit. REQUIRES: count
  // is at least 1 and at most the number of layers.
  void infer_first(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t count) const;

  // Training: the logits of one micro-batch, valid until the next forward(). x must not change
  // until backward(), which takes the gradient of the logits and adds to every Param::grad.
  const Tensor& forward(const Tensor& x, const Rng& rng);
  void backward(const Tensor& dlogits);
  void zero_gradients();
  // running = (1 - momentum) * running + momentum * Buffer::batch, for every buffer.
  void update_statistics();

  std::span<Param* const> params() const { return params_; }
  std::span<Buffer* const> buffers() const { return buffers_; }
  std::int64_t parameter_count() const;
  std::int64_t flops() const;  // of the forward pass for one image

  struct LayerInfo {
    std::string name;  // "0", "1"
    std::string kind;  // "Conv2d(3 -> 32, 3x3)"
    Shape output;      // n = 1
    std::int64_t parameters;
    std::int64_t flops;
  };
  std::vector<LayerInfo> describe() const;

  // From now on forward() uses the running statistics of batch norm, and update_statistics() does
  // not change them; the same holds for clones.
  void freeze_statistics();

  // The weight {1, 1, feature_dim(), outputs()} and the bias {1, 1, 1, outputs()} of the last
  // layer; the bias is null when it has none. Throw ShapeError when the last layer is not a Dense.
  Param& head_weight();
  const Param& head_weight() const;
  Param* head_bias();
  // A copy with more outputs: the new columns of the head are zero. Throws ShapeError when the last
  // layer is not a Dense, or `outputs` is less than outputs().
  Network with_outputs(int outputs) const;

  // Stores the weights in the order of the kernels, which makes infer() faster, and frees the
  // others and the gradients: afterwards infer() and its two steps alone work. fold_batch_norm()
  // calls this.
  void prepare();
  // Frees the gradients. The network cannot be trained afterwards; a clone of it can.
  void discard_gradients();

 private:
  void check_input(const Tensor& x) const;
  void infer_layers(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t end) const;
  Param* head_param(const char* part) const;

  NetworkSpec spec_;
  std::unique_ptr<Sequential> sequential_;  // on the heap: params_ and buffers_ point into it
  std::vector<Param*> params_;
  std::vector<Buffer*> buffers_;
  int outputs_ = 0;
  int group_ = 1;  // images that infer() processes at once
  bool frozen_ = false;
};

// The same function with fewer operations, for inference only. A batch norm that directly follows a
// convolution or a dense layer is folded into its weights,
//   w' = w * g / sqrt(var + eps),   b' = (b - mean) * g / sqrt(var + eps) + beta,
// dropout is removed, and the weights are prepared for infer(). The result must not be trained.
Network fold_batch_norm(const Network& network);

// Builds layers for an input shape and checks all shapes. `prefix` begins the parameter names:
// "" -> "0.weight", "5.block." -> "5.block.0.weight". Throws ShapeError and ConfigError naming the
// layer, its kind and its input shape.
Sequential build_layers(const std::vector<LayerSpec>& layers, const Shape& input,
                        const std::string& prefix);

// "Conv2d(3 -> 32, 3x3)"; `input` is the input shape of the layer.
std::string describe_layer(const LayerSpec& layer, const Shape& input);

// The parameters and buffers of a network, which owns them, by PyTorch name.
std::map<std::string, Tensor*> tensors_by_name(const Network& network);

}  // namespace fovea
