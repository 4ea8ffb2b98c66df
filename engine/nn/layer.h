#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/kernels/conv.h"

namespace fovea {

// How a parameter lies in memory, which decides how the model file turns it into PyTorch's layout.
enum class Layout {
  vector,  // {1, 1, 1, k}
  conv,    // {kernel rows, kernel columns, in, out}; PyTorch: out, in, rows, columns
  dense,   // {1, 1, in, out}; PyTorch: out, in
};

// A trained array and its gradient, which backward() adds to.
struct Param {
  std::string name;  // PyTorch's: "0.weight"
  Layout layout = Layout::vector;
  Tensor value;
  Tensor grad;
  bool decay = true;  // whether weight decay applies (not to biases and batch norm)
};

// An array that is stored with the model but not trained by gradients (batch norm statistics).
// After forward(), `batch` holds this batch's own value, for Network::update_statistics.
struct Buffer {
  std::string name;
  Tensor value;
  Tensor batch;
  float momentum = 0.1f;
};

// Memory that infer() needs and that a caller keeps, one per thread, so that nothing is allocated
// in a steady loop.
struct Scratch {
  kernels::ConvScratch conv;
  Tensor ping;
  Tensor pong;
  std::unique_ptr<Scratch> inner;  // of a residual block
};

// One step of a network. infer() is const and writes no member: one network serves any number of
// threads at once, each with its own Scratch. forward()/backward() are for one owner in training.
class Layer {
 public:
  virtual ~Layer() = default;

  // Output for one input shape; throws ShapeError when the layer cannot take it.
  virtual Shape output_shape(const Shape& in) const = 0;
  // True when y may be the same tensor as x, and dx the same as dy. Such a layer keeps the shape.
  virtual bool in_place() const { return false; }

  // y is already of output_shape(x.shape()). Evaluation mode: running statistics, no dropout.
  virtual void infer(const Tensor& x, Tensor& y, Scratch& scratch) const = 0;
  // Training mode. x and y stay untouched by others until backward (in-place layers excepted).
  virtual void forward(const Tensor& x, Tensor& y, const Rng& rng) = 0;
  // Overwrites dx (already of x's shape; null: not wanted), adds to every Param::grad.
  virtual void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) = 0;

  virtual std::vector<Param*> params() { return {}; }
  virtual std::vector<Buffer*> buffers() { return {}; }
  // From now on forward() normalises by the running statistics, as infer() does, and leaves them as
  // they are.
  virtual void freeze_statistics() {}
  // Called once when the weights are final: may lay them out anew so that infer() is faster. The
  // weights must not change afterwards.
  virtual void prepare() {}
  // Multiply-adds of one image times two; element-wise work is not counted.
  virtual std::int64_t flops(const Shape& in) const {
    (void)in;
    return 0;
  }
};

}  // namespace fovea
