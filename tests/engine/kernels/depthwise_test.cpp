#include "engine/kernels/depthwise.h"

#include <algorithm>

#include "engine/kernels/depthwise_isa.h"
#include "tests/support/catch.h"
#include "tests/support/reference.h"

using namespace fovea;
using kernels::DepthwiseShape;

namespace {

// h, w, c, kernel, stride, padding: each kernel and stride with even and odd sizes, maps narrower
// than a tile and than the kernel, channels below and between the vector widths, other kernels.
const DepthwiseShape kShapes[] = {
    {14, 14, 32, 3, 1, 1},
    {14, 14, 48, 5, 1, 2},
    {8, 8, 96, 3, 2, {0, 1, 0, 1}},
    {7, 7, 40, 5, 2, 2},
    {28, 30, 17, 3, 1, 1},
    {9, 21, 33, 5, 2, {2, 2, 2, 2}},
    {1, 1, 1, 3, 1, 1},
    {1, 1, 64, 5, 1, 2},
    {2, 3, 16, 5, 1, 2},
    {4, 4, 3, 3, 2, {0, 1, 0, 1}},
    {6, 5, 7, 2, 1, 0},
    {8, 8, 20, 7, 2, 3},
    {5, 12, 24, 3, 3, 1},
    {3, 3, 9, 1, 1, 0},
    {10, 16, 19, 5, 2, {1, 2, 1, 2}},
    {6, 6, 18, 3, 1, {0, 2, 2, 0}},
    {5, 5, 16, 3, 1, 0},
    {11, 11, 16, 3, 2, 0},
};

// The definition as loops, summed in double; bias and gradients as well.
struct Case {
  explicit Case(const DepthwiseShape& shape, int images = 2)
      : s(shape),
        n(images),
        x({n, s.h, s.w, s.c}),
        w({s.kernel, s.kernel, 1, s.c}),
        bias({1, 1, 1, s.c}),
        y({n, s.out_h(), s.out_w(), s.c}),
        dy(y.shape()),
        dx(x.shape()),
        dw(w.shape()) {
    Rng rng(17);
    for (Tensor* t : {&x, &w, &bias, &dy}) test::fill_normal(*t, rng);
    std::int64_t at = 0;
    for (int i = 0; i < n; ++i)
      for (int oy = 0; oy < s.out_h(); ++oy)
        for (int ox = 0; ox < s.out_w(); ++ox)
          for (int j = 0; j < s.c; ++j, ++at) output(i, oy, ox, j, at);
  }

  void output(int i, int oy, int ox, int j, std::int64_t at) {
    double sum = bias.data()[j];
    for (int kh = 0; kh < s.kernel; ++kh)
      for (int kw = 0; kw < s.kernel; ++kw) {
        const int yy = oy * s.stride + kh - s.pad.top, xx = ox * s.stride + kw - s.pad.left;
        if (yy < 0 || yy >= s.h || xx < 0 || xx >= s.w) continue;
        const int from = (yy * s.w + xx) * s.c + j, tap = (kh * s.kernel + kw) * s.c + j;
        sum += double{x.image(i)[from]} * w.data()[tap];
        dx.image(i)[from] += dy.data()[at] * w.data()[tap];
        dw.data()[tap] += dy.data()[at] * x.image(i)[from];
      }
    y.data()[at] = static_cast<Scalar>(sum);
  }

  DepthwiseShape s;
  int n;
  Tensor x, w, bias, y, dy, dx, dw;
};

kernels::DepthwiseSizes sizes_of(const DepthwiseShape& s) {
  return {s.h, s.w, s.c, s.out_h(), s.out_w(), s.kernel, s.stride, s.pad.top, s.pad.left};
}

}  // namespace

TEST_CASE("the depthwise convolution and its gradients equal the loops", "[engine][kernels]") {
  for (const DepthwiseShape& s : kShapes) {
    const Case c(s);
    CAPTURE(s.h, s.w, s.c, s.kernel, s.stride, s.pad.top, s.pad.left);
    kernels::ConvScratch scratch;
    Tensor y(c.y.shape()), dx(c.x.shape()), dw(c.w.shape()), dbias(c.bias.shape());
    kernels::depthwise_forward(c.x.data(), 2, s, c.w.data(), c.bias.data(), y.data());
    CHECK(test::relative_error(y, c.y) < 1e-5);
    dx.fill(9);  // is overwritten
    kernels::depthwise_backward_input(c.dy.data(), 2, s, c.w.data(), dx.data(), scratch);
    CHECK(test::relative_error(dx, c.dx) < 1e-5);
    for (int pass = 0; pass < 2; ++pass) {  // the second call adds
      kernels::depthwise_backward_weights(c.x.data(), c.dy.data(), 2, s, dw.data(), dbias.data());
    }
    for (Tensor* t : {&dw, &dbias}) {
      for (Scalar& value : t->values()) value /= 2;
    }
    CHECK(test::relative_error(dw, c.dw) < 1e-5);
    double sum = 0;
    for (std::int64_t i = 0; i < c.dy.size(); i += s.c) sum += c.dy.data()[i];
    CHECK(dbias.data()[0] == Approx(sum).margin(1e-4));
  }
}

TEST_CASE("all instruction sets of this machine compute the same depthwise convolution",
          "[engine][kernels]") {
  const auto list = kernels::depthwise_kernels();
  REQUIRE(list.count >= 1);
  const auto unlimited = kernels::output_range(kernels::Activation::none);
  const auto relu6 = kernels::output_range(kernels::Activation::relu6);
  for (const DepthwiseShape& s : kShapes) {
    const Case c(s, 1);
    const kernels::DepthwiseSizes sizes = sizes_of(s);
    for (int i = 0; i < list.count; ++i) {
      const kernels::DepthwiseKernels& k = *list.items[i];
      CAPTURE(k.name, s.h, s.w, s.c, s.kernel, s.stride, s.pad.top, s.pad.left);
      Tensor y(c.y.shape()), dx(c.x.shape()), dw(c.w.shape());
      k.forward(c.x.data(), &sizes, c.w.data(), c.bias.data(), &unlimited, y.data());
      CHECK(test::relative_error(y, c.y) < 1e-5);
      Tensor expected = y.clone();
      for (Scalar& value : expected.values()) value = std::clamp<Scalar>(value, 0, 6);
      k.forward(c.x.data(), &sizes, c.w.data(), c.bias.data(), &relu6, y.data());
      CHECK(std::ranges::equal(y.values(), expected.values()));
      k.backward_input(c.dy.data(), &sizes, c.w.data(), dx.data());
      CHECK(test::relative_error(dx, c.dx) < 1e-5);
      k.backward_weights(c.x.data(), &sizes, c.dy.data(), dw.data());
      CHECK(test::relative_error(dw, c.dw) < 1e-5);
    }
  }
}
