#include "engine/kernels/conv.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/kernels/direct_conv.h"
#include "engine/kernels/im2col.h"
#include "tests/support/catch.h"
#include "tests/support/reference.h"

using namespace fovea;
using kernels::ConvShape;

namespace {

// h, w, c, out, kernel, stride, pad: the shapes of `small`, and the odd ones that break kernels.
const ConvShape kShapes[] = {
    {32, 32, 3, 32, 3, 1, 1},
    {8, 8, 32, 32, 3, 1, 1},
    {4, 4, 64, 128, 3, 1, 1},
    {1, 1, 1, 1, 1, 1, 0},
    {5, 7, 3, 10, 3, 1, 1},
    {9, 6, 2, 33, 5, 1, 2},
    {7, 7, 4, 17, 3, 2, 1},
    {8, 8, 5, 6, 2, 1, 0},
    {6, 6, 3, 24, 2, 2, 0},
    {5, 5, 1, 40, 3, 1, 0},
    {3, 3, 2, 3, 3, 1, 2},
    {4, 4, 2, 3, 1, 1, 2},
    {15, 15, 8, 65, 3, 1, 1},
    {6, 9, 16, 16, 1, 1, 0},
    {4, 11, 7, 9, 3, 3, 1},
    {1, 1, 70, 50, 1, 1, 0},
    {14, 14, 6, 8, 1, 2, 0},
    // TensorFlow's padding: rows 0 above, 1 below; the other way round; only on one side.
    {8, 7, 3, 20, 3, 2, {0, 1, 1, 1}},
    {6, 6, 2, 5, 4, 1, {1, 2, 1, 2}},
    {5, 8, 4, 9, 3, 1, {0, 2, 2, 0}},
    {4, 4, 3, 4, 3, 1, {3, 0, 0, 4}},
};

struct Case {
  explicit Case(const ConvShape& s, int n = 2)
      : x({n, s.h, s.w, s.c}), w({s.kernel, s.kernel, s.c, s.out}), bias({1, 1, 1, s.out}) {
    Rng rng(17);
    for (Tensor* t : {&x, &w, &bias}) test::fill_normal(*t, rng);
    test::reference_conv(x, w, &bias, s, y);
    dy = Tensor(y.shape());
    test::fill_normal(dy, rng);
    test::reference_conv_backward(x, w, dy, s, dx, dw);
  }
  Tensor x, w, bias, y, dy, dx, dw;
};

}  // namespace

TEST_CASE("the forward convolution equals the seven loops", "[engine][kernels]") {
  for (const ConvShape& s : kShapes) {
    const Case c(s);
    CAPTURE(s.h, s.w, s.c, s.out, s.kernel, s.stride, s.pad.top, s.pad.left);
    kernels::ConvScratch scratch;
    Tensor packed, y(c.y.shape());
    kernels::pack_weights(c.w.data(), s, packed);
    kernels::conv_forward(c.x.data(), 2, s, packed.data(), c.bias.data(), y.data(), scratch);
    CHECK(test::relative_error(y, c.y) < 1e-5);
    kernels::conv_forward_im2col(c.x.data(), 2, s, c.w.data(), c.bias.data(), y.data(), scratch);
    CHECK(test::relative_error(y, c.y) < 1e-5);
  }
}

TEST_CASE("the convolution gradients equal the seven loops", "[engine][kernels]") {
  for (const ConvShape& s : kShapes) {
    const Case c(s);
    CAPTURE(s.h, s.w, s.c, s.out, s.kernel, s.stride, s.pad.top, s.pad.left);
    kernels::ConvScratch scratch;
    Tensor dx(c.x.shape()), dw(c.w.shape()), dbias(c.bias.shape());
    kernels::conv_backward_input(c.dy.data(), 2, s, c.w.data(), dx.data(), scratch);
    CHECK(test::relative_error(dx, c.dx) < 1e-5);
    kernels::conv_backward_weights(c.x.data(), c.dy.data(), 2, s, dw.data(), dbias.data(), scratch);
    CHECK(test::relative_error(dw, c.dw) < 1e-5);
    kernels::conv_backward_input_im2col(c.dy.data(), 2, s, c.w.data(), dx.data(), scratch);
    CHECK(test::relative_error(dx, c.dx) < 1e-5);
    // The second call adds to the gradients.
    kernels::conv_backward_weights_im2col(c.x.data(), c.dy.data(), 2, s, dw.data(), dbias.data(),
                                          scratch);
    for (Scalar& value : dw.values()) value /= 2;
    CHECK(test::relative_error(dw, c.dw) < 1e-5);
  }
}

TEST_CASE("all instruction sets of this machine compute the same convolution",
          "[engine][kernels]") {
  const auto list = kernels::direct_kernels();
  REQUIRE(list.count >= 1);
  for (const ConvShape& s : kShapes) {
    const Case c(s, 1);
    const kernels::DirectShape shape{s.padded_w(), s.c,      s.out_h(), s.out_w(),
                                     s.out,        s.kernel, s.stride};
    Tensor padded({1, s.padded_h(), s.padded_w(), s.c});
    kernels::pad_image(c.x.data(), s.h, s.w, s.c, s.pad, padded.data());
    for (int i = 0; i < list.count; ++i) {
      const kernels::DirectKernels& k = *list.items[i];
      CAPTURE(k.name, s.h, s.w, s.c, s.out, s.kernel, s.stride, s.pad.top, s.pad.left);
      const int wide = (s.out + k.panel - 1) / k.panel * k.panel, pixels = s.out_h() * s.out_w();
      Tensor packed({1, 1, s.depth(), wide}), bias({1, 1, 1, wide}), dy({1, 1, pixels, wide});
      for (int o = 0; o < s.out; ++o) {
        bias.data()[o] = c.bias.data()[o];
        for (int row = 0; row < s.depth(); ++row) {
          packed.data()[(o / k.panel * s.depth() + row) * k.panel + o % k.panel] =
              c.w.data()[row * s.out + o];
        }
        for (int p = 0; p < pixels; ++p) dy.data()[p * wide + o] = c.dy.data()[p * s.out + o];
      }
      Tensor y(c.y.shape()), dw(c.w.shape());
      const kernels::OutputRange unlimited = kernels::output_range(kernels::Activation::none);
      k.forward(padded.data(), &shape, packed.data(), bias.data(), &unlimited, y.data());
      CHECK(test::relative_error(y, c.y) < 1e-5);
      Tensor expected = y.clone();
      for (Scalar& value : expected.values()) value = std::clamp<Scalar>(value, 0, 6);
      const kernels::OutputRange relu6 = kernels::output_range(kernels::Activation::relu6);
      k.forward(padded.data(), &shape, packed.data(), bias.data(), &relu6, y.data());
      CHECK(std::ranges::equal(y.values(), expected.values()));
      k.backward_weights(padded.data(), &shape, dy.data(), wide, dw.data());
      CHECK(test::relative_error(dw, c.dw) < 1e-5);
    }
  }
}

TEST_CASE("convolving a batch gives the same bits as convolving its images one at a time",
          "[engine][kernels]") {
  const ConvShape s{8, 8, 16, 40, 3, 1, 1};
  const Case c(s, 3);
  kernels::ConvScratch scratch;
  Tensor packed, together(c.y.shape()), alone(c.y.shape());
  kernels::pack_weights(c.w.data(), s, packed);
  kernels::conv_forward(c.x.data(), 3, s, packed.data(), nullptr, together.data(), scratch);
  for (int i = 0; i < 3; ++i) {
    kernels::conv_forward(c.x.image(i), 1, s, packed.data(), nullptr, alone.image(i), scratch);
  }
  CHECK(std::ranges::equal(together.values(), alone.values()));
}

TEST_CASE("TensorFlow's padding puts the larger half of the zeros at the end",
          "[engine][kernels]") {
  const auto all = [](int h, int w, int kernel, int stride) {
    const kernels::Padding p = kernels::same_padding(h, w, kernel, stride);
    return std::array{p.top, p.bottom, p.left, p.right};
  };
  CHECK(all(224, 224, 3, 2) == std::array{0, 1, 0, 1});
  CHECK(all(112, 7, 5, 2) == std::array{1, 2, 2, 2});
  CHECK(all(7, 7, 3, 1) == std::array{1, 1, 1, 1});
  CHECK(all(8, 8, 4, 1) == std::array{1, 2, 1, 2});
  CHECK(all(8, 8, 1, 2) == std::array{0, 0, 0, 0});
  CHECK(all(1, 2, 3, 2) == std::array{1, 1, 0, 1});
}
