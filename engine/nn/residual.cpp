#include "engine/nn/residual.h"

#include "engine/core/error.h"
#include "engine/kernels/elementwise.h"

namespace fovea {
namespace {

void add(const Tensor& a, Tensor& sum) {
  kernels::add(a.data(), a.size(), sum.data());
}

}  // namespace

Shape Residual::output_shape(const Shape& in) const {
  const Shape out = block_.output_shape(in);
  if (out != in) {
    throw ShapeError("a residual block must keep its shape, but turns " + to_string(in) + " into " +
                     to_string(out));
  }
  return out;
}

void Residual::infer(const Tensor& x, Tensor& y, Scratch& scratch) const {
  if (const InvertedResidual* block = block_.single_block()) {
    return block->infer(x, &x, y, scratch);
  }
  if (!scratch.inner) scratch.inner = std::make_unique<Scratch>();
  scratch.inner->threads = scratch.threads;
  block_.infer(x, y, *scratch.inner);
  add(x, y);
}

void Residual::forward(const Tensor& x, Tensor& y, const Rng& rng) {
  y.copy_from(block_.forward(x, rng));
  add(x, y);
}

// dx = dy + (gradient of the block)
void Residual::backward(const Tensor&, const Tensor&, const Tensor& dy, Tensor* dx) {
  block_.backward(dy, dx);
  if (dx != nullptr) add(dy, *dx);
}

}  // namespace fovea
