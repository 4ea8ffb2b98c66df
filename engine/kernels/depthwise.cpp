#include "engine/kernels/depthwise.h"

#include <algorithm>

#include "engine/core/cpu.h"
#include "engine/kernels/depthwise_isa.h"

namespace fovea::kernels {

namespace baseline {
extern const DepthwiseKernels kDepthwise;
}
#ifdef FOVEA_X86_VARIANTS
namespace avx2 {
extern const DepthwiseKernels kDepthwise;
}
namespace avx512 {
extern const DepthwiseKernels kDepthwise;
}
#endif

DepthwiseKernelList depthwise_kernels() {
  DepthwiseKernelList list{};
#ifdef FOVEA_X86_VARIANTS
  if (best_isa() >= Isa::avx512) list.items[list.count++] = &avx512::kDepthwise;
  if (best_isa() >= Isa::avx2) list.items[list.count++] = &avx2::kDepthwise;
#endif
  list.items[list.count++] = &baseline::kDepthwise;
  return list;
}

namespace {

const DepthwiseKernels& selected_depthwise() {
  static const DepthwiseKernels& kernels = *depthwise_kernels().items[0];
  return kernels;
}

DepthwiseSizes sizes_of(const DepthwiseShape& s) {
  return {s.h, s.w, s.c, s.out_h(), s.out_w(), s.kernel, s.stride, s.pad.top, s.pad.left};
}

std::int64_t input_size(const DepthwiseShape& s) {
  return std::int64_t{s.h} * s.w * s.c;
}
std::int64_t output_size(const DepthwiseShape& s) {
  return std::int64_t{s.out_h()} * s.out_w() * s.c;
}

}  // namespace

void depthwise_forward(const Scalar* x, int n, const DepthwiseShape& s, const Scalar* weights,
                       const Scalar* bias, Scalar* y, Activation activation) {
  const DepthwiseSizes sizes = sizes_of(s);
  const OutputRange range = output_range(activation);
  for (int i = 0; i < n; ++i) {
    selected_depthwise().forward(x + i * input_size(s), &sizes, weights, bias, &range,
                                 y + i * output_size(s));
  }
}

void depthwise_backward_input(const Scalar* dy, int n, const DepthwiseShape& s,
                              const Scalar* weights, Scalar* dx, ConvScratch& scratch) {
  if (s.stride != 1) {
    const DepthwiseSizes sizes = sizes_of(s);
    for (int i = 0; i < n; ++i) {
      selected_depthwise().backward_input(dy + i * output_size(s), &sizes, weights,
                                          dx + i * input_size(s));
    }
    return;
  }
  // For stride 1, dx is itself a depthwise convolution: of dy, with the weights rotated by 180
  // degrees and padding kernel - 1 - pad (docs/backward.md).
  const DepthwiseShape transposed{s.out_h(), s.out_w(), s.c,
                                  s.kernel,  1,         s.pad.transposed(s.kernel)};
  scratch.packed.resize({1, 1, s.taps(), s.c});
  for (int tap = 0; tap < s.taps(); ++tap) {
    std::copy_n(weights + std::int64_t{tap} * s.c, s.c,
                scratch.packed.data() + std::int64_t{s.taps() - 1 - tap} * s.c);
  }
  depthwise_forward(dy, n, transposed, scratch.packed.data(), nullptr, dx);
}

void depthwise_backward_weights(const Scalar* x, const Scalar* dy, int n, const DepthwiseShape& s,
                                Scalar* dw, Scalar* dbias) {
  const DepthwiseSizes sizes = sizes_of(s);
  for (int i = 0; i < n; ++i) {
    const Scalar* gradient = dy + i * output_size(s);
    selected_depthwise().backward_weights(x + i * input_size(s), &sizes, gradient, dw);
    if (dbias != nullptr) {
      add_rows(gradient, std::int64_t{s.out_h()} * s.out_w(), s.c, dbias);
    }
  }
}

}  // namespace fovea::kernels
