#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/kernels/conv.h"

namespace fovea {

// The memory layout of a parameter, from which the model file derives PyTorch's layout.
enum class Layout {
  vector,     // {1, 1, 1, k}
  conv,       // {kernel rows, kernel columns, in, out}; PyTorch: out, in, rows, columns
  dense,      // {1, 1, in, out}; PyTorch: out, in
  depthwise,  // {kernel rows, kernel columns, 1, channels}; PyTorch: channels, 1, rows, columns
};

// A trained array and its gradient, to which backward() adds.
struct Param {
  std::string name;  // as in PyTorch: "0.weight"
  Layout layout = Layout::vector;
  Tensor value;
  Tensor grad;
  bool decay = true;  // whether weight decay applies (not to biases and batch norm)
};

// An array that is stored with the model but not trained by gradients (batch norm statistics).
// After forward(), `batch` holds the value of this batch, for Network::update_statistics.
struct Buffer {
  std::string name;
  Tensor value;
  Tensor batch;
  float momentum = 0.1f;
};

enum class Init {
  he,     // normal, variance 2 / fan-in (He et al. 2015, eq. 10); vectors are left unchanged
  dirac,  // as he, but output filter i < in of an odd-sized convolution passes input channel i
          // through unchanged (Zagoruyko and Komodakis 2017)
};

// Fills one weight; vectors (biases, batch norm) are left unchanged. In init.cpp.
void initialise(Param& param, Init init, Rng rng);

// Memory for infer(), kept by the caller, one per thread, so that repeated calls do not allocate.
struct Scratch {
  kernels::ConvScratch conv;
  Tensor ping;
  Tensor pong;
  Tensor group_in, group_out;      // images and results of one group, see Network::infer
  Tensor features;                 // see Classifier::predict
  std::unique_ptr<Scratch> inner;  // for the block of a residual layer
  std::vector<Scratch> lanes;      // of the threads that compute other groups of a batch
  // Threads of infer(): they share the images of a batch, or the rows and channels of one image.
  // The result does not depend on it.
  int threads = 1;

  std::int64_t bytes() const;  // allocated, including `inner` and `lanes`
};

// One layer of a network. infer() is const and writes no member: any number of threads may use one
// network at the same time, each with its own Scratch. Everything else needs one owner.
class Layer {
 public:
  virtual ~Layer() = default;

  // The output shape for an input shape. Throws ShapeError when the layer cannot take it.
  virtual Shape output_shape(const Shape& in) const = 0;
  // True when y may be the same tensor as x, and dx the same as dy. Such a layer keeps the shape.
  virtual bool in_place() const { return false; }

  // Evaluation mode: running statistics, no dropout. REQUIRES: y has output_shape(x.shape())
  virtual void infer(const Tensor& x, Tensor& y, Scratch& scratch) const = 0;
  // Training mode. x and y must not change until backward(), except by layers that work in place.
  virtual void forward(const Tensor& x, Tensor& y, const Rng& rng) = 0;
  // Overwrites dx, which has the shape of x (null: not computed), and adds to every Param::grad.
  virtual void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) = 0;

  virtual std::vector<Param*> params() { return {}; }
  virtual std::vector<Buffer*> buffers() { return {}; }
  // From now on forward() normalises with the running statistics, as infer() does, and does not
  // update them.
  virtual void freeze_statistics() {}
  // Called when the weights are final: may replace them by a copy in another order that makes
  // infer() faster. Afterwards infer() alone works.
  virtual void prepare() {}
  // The element-wise function that this layer computes, if the layer before it may compute it
  // together with its own; otherwise none.
  virtual kernels::Activation activation() const { return kernels::Activation::none; }
  // Requests that infer() also applies the activation to its result, from now on. False when this
  // layer cannot. forward() and backward() do not change.
  virtual bool fuse(kernels::Activation activation) {
    (void)activation;
    return false;
  }
  // Two for each multiply-add of one image; element-wise operations are not counted.
  virtual std::int64_t flops(const Shape& in) const {
    (void)in;
    return 0;
  }
  // Numbers in the largest activation of one image: the output, or one inside the layer.
  virtual std::int64_t largest_activation(const Shape& in) const {
    return output_shape(in).per_image();
  }
};

}  // namespace fovea
