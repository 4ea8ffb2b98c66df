#include "engine/kernels/im2col.h"

#include <algorithm>

namespace fovea::kernels {

void im2col(const Scalar* x, const ConvShape& s, Scalar* columns) {
  for (int oy = 0; oy < s.out_h(); ++oy) {
    for (int ox = 0; ox < s.out_w(); ++ox) {
      for (int kh = 0; kh < s.kernel; ++kh) {
        const int iy = oy * s.stride + kh - s.pad.top;
        for (int kw = 0; kw < s.kernel; ++kw, columns += s.c) {
          const int ix = ox * s.stride + kw - s.pad.left;
          if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) {
            std::fill_n(columns, s.c, Scalar{0});
          } else {
            std::copy_n(x + (std::int64_t{iy} * s.w + ix) * s.c, s.c, columns);
          }
        }
      }
    }
  }
}

void col2im(const Scalar* columns, const ConvShape& s, Scalar* dx) {
  std::fill_n(dx, std::int64_t{s.h} * s.w * s.c, Scalar{0});
  for (int oy = 0; oy < s.out_h(); ++oy) {
    for (int ox = 0; ox < s.out_w(); ++ox) {
      for (int kh = 0; kh < s.kernel; ++kh) {
        const int iy = oy * s.stride + kh - s.pad.top;
        for (int kw = 0; kw < s.kernel; ++kw, columns += s.c) {
          const int ix = ox * s.stride + kw - s.pad.left;
          if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
          Scalar* target = dx + (std::int64_t{iy} * s.w + ix) * s.c;
          for (int c = 0; c < s.c; ++c) target[c] += columns[c];
        }
      }
    }
  }
}

void pad_image(const Scalar* x, int h, int w, int c, const Padding& pad, Scalar* padded) {
  const std::int64_t row = std::int64_t{w + pad.width()} * c;
  const int left = pad.left * c, right = pad.right * c;
  std::fill_n(padded, row * pad.top, Scalar{0});
  padded += row * pad.top;
  for (int y = 0; y < h; ++y, padded += row) {
    std::fill_n(padded, left, Scalar{0});
    std::copy_n(x + std::int64_t{y} * w * c, std::int64_t{w} * c, padded + left);
    std::fill_n(padded + row - right, right, Scalar{0});
  }
  std::fill_n(padded, row * pad.bottom, Scalar{0});
}

}  // namespace fovea::kernels
