#pragma once

#include "engine/kernels/gemm.h"

// The three products of gemm.h for one instruction set (gemm_isa.cpp). No inline functions here,
// see direct_conv.h.
namespace fovea::kernels {

struct GemmKernels {
  using Product = void (*)(int m, int n, int k, const Scalar* a, const Scalar* b, Scalar* c,
                           Write write);
  Product gemm, gemm_at, gemm_bt;
};

}  // namespace fovea::kernels
