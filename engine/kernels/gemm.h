#pragma once

#include "engine/core/scalar.h"

namespace fovea::kernels {

// Row-major matrix products on the calling thread, computed by Eigen (gemm_isa.cpp).
// c {m, n} = a {m, k} * b {k, n}, or += for Write::add. gemm_at reads `a` stored transposed as
// {k, m}, gemm_bt reads `b` stored transposed as {n, k}.
enum class Write { overwrite, add };
void gemm(int m, int n, int k, const Scalar* a, const Scalar* b, Scalar* c, Write write);
void gemm_at(int m, int n, int k, const Scalar* a_km, const Scalar* b, Scalar* c, Write write);
void gemm_bt(int m, int n, int k, const Scalar* a, const Scalar* b_nk, Scalar* c, Write write);

}  // namespace fovea::kernels
