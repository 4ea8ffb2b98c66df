#pragma once

#include "engine/core/rng.h"
#include "engine/kernels/conv.h"

namespace fovea::test {

inline void fill_normal(Tensor& tensor, Rng& rng) {
  for (Scalar& value : tensor.values()) value = rng.normal();
}

// The definition of a convolution as seven loops, summed in double.
inline void reference_conv(const Tensor& x, const Tensor& w, const Tensor* bias,
                           const kernels::ConvShape& s, Tensor& y) {
  y.resize({x.shape().n, s.out_h(), s.out_w(), s.out});
  Scalar* out = y.data();
  for (int n = 0; n < x.shape().n; ++n)
    for (int oy = 0; oy < s.out_h(); ++oy)
      for (int ox = 0; ox < s.out_w(); ++ox)
        for (int o = 0; o < s.out; ++o) {
          double sum = bias ? bias->data()[o] : 0.0;
          for (int kh = 0; kh < s.kernel; ++kh)
            for (int kw = 0; kw < s.kernel; ++kw)
              for (int c = 0; c < s.c; ++c) {
                const int yy = oy * s.stride + kh - s.pad.top, xx = ox * s.stride + kw - s.pad.left;
                if (yy < 0 || yy >= s.h || xx < 0 || xx >= s.w) continue;
                sum += double{x.image(n)[(yy * s.w + xx) * s.c + c]} *
                       w.data()[((kh * s.kernel + kw) * s.c + c) * s.out + o];
              }
          *out++ = static_cast<Scalar>(sum);
        }
}

// Its two gradients for dy by the same loops.
inline void reference_conv_backward(const Tensor& x, const Tensor& w, const Tensor& dy,
                                    const kernels::ConvShape& s, Tensor& dx, Tensor& dw) {
  dx = Tensor(x.shape());
  dw = Tensor(w.shape());
  const Scalar* gradient = dy.data();
  for (int n = 0; n < x.shape().n; ++n)
    for (int oy = 0; oy < s.out_h(); ++oy)
      for (int ox = 0; ox < s.out_w(); ++ox)
        for (int o = 0; o < s.out; ++o, ++gradient)
          for (int kh = 0; kh < s.kernel; ++kh)
            for (int kw = 0; kw < s.kernel; ++kw)
              for (int c = 0; c < s.c; ++c) {
                const int yy = oy * s.stride + kh - s.pad.top, xx = ox * s.stride + kw - s.pad.left;
                if (yy < 0 || yy >= s.h || xx < 0 || xx >= s.w) continue;
                const int at = (yy * s.w + xx) * s.c + c;
                const int weight = ((kh * s.kernel + kw) * s.c + c) * s.out + o;
                dx.image(n)[at] += *gradient * w.data()[weight];
                dw.data()[weight] += *gradient * x.image(n)[at];
              }
}

// The largest |a - b| divided by max(1, largest |b|).
inline double relative_error(const Tensor& a, const Tensor& b) {
  double scale = 1, difference = 0;
  for (std::int64_t i = 0; i < b.size(); ++i) {
    scale = std::max(scale, std::abs(double{b.data()[i]}));
    difference = std::max(difference, std::abs(double{a.data()[i]} - b.data()[i]));
  }
  return difference / scale;
}

}  // namespace fovea::test
