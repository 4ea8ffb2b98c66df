#include "engine/kernels/conv.h"

#include "engine/core/multiarch.h"
#include "engine/kernels/gemm.h"
#include "engine/kernels/im2col.h"

namespace fovea::kernels {

FOVEA_MULTIARCH
void add_rows(const Scalar* rows, std::int64_t count, int width, Scalar* sum) {
  for (std::int64_t r = 0; r < count; ++r, rows += width) {
    for (int i = 0; i < width; ++i) sum[i] += rows[i];
  }
}

void conv_forward_im2col(const Scalar* x, int n, const ConvShape& s, const Scalar* weights,
                         const Scalar* bias, Scalar* y, ConvScratch& scratch) {
  // y {pixels, out} = columns {pixels, depth} * weights {depth, out} + bias, for each image.
  const int pixels = s.out_h() * s.out_w();
  scratch.columns.resize({1, 1, pixels, s.depth()});
  for (int i = 0; i < n; ++i, y += std::int64_t{pixels} * s.out) {
    im2col(x + i * (std::int64_t{s.h} * s.w * s.c), s, scratch.columns.data());
    gemm(pixels, s.out, s.depth(), scratch.columns.data(), weights, y, Write::overwrite);
    if (bias == nullptr) continue;
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < s.out; ++o) y[std::int64_t{p} * s.out + o] += bias[o];
    }
  }
}

void conv_backward_input_im2col(const Scalar* dy, int n, const ConvShape& s, const Scalar* weights,
                                Scalar* dx, ConvScratch& scratch) {
  // dcolumns {pixels, depth} = dy {pixels, out} * weights^T; col2im sums the overlapping patches.
  const int pixels = s.out_h() * s.out_w();
  scratch.columns.resize({1, 1, pixels, s.depth()});
  for (int i = 0; i < n; ++i) {
    gemm_bt(pixels, s.depth(), s.out, dy + i * (std::int64_t{pixels} * s.out), weights,
            scratch.columns.data(), Write::overwrite);
    col2im(scratch.columns.data(), s, dx + i * (std::int64_t{s.h} * s.w * s.c));
  }
}

void conv_backward_weights_im2col(const Scalar* x, const Scalar* dy, int n, const ConvShape& s,
                                  Scalar* dw, Scalar* dbias, ConvScratch& scratch) {
  // dw {depth, out} += columns^T {depth, pixels} * dy {pixels, out}, for each image.
  const int pixels = s.out_h() * s.out_w();
  scratch.columns.resize({1, 1, pixels, s.depth()});
  for (int i = 0; i < n; ++i, dy += std::int64_t{pixels} * s.out) {
    im2col(x + i * (std::int64_t{s.h} * s.w * s.c), s, scratch.columns.data());
    gemm_at(s.depth(), s.out, pixels, scratch.columns.data(), dy, dw, Write::add);
    if (dbias != nullptr) add_rows(dy, pixels, s.out, dbias);
  }
}

}  // namespace fovea::kernels
