#include "engine/kernels/infer_conv.h"

#include <algorithm>

#include "engine/kernels/inverted_residual.h"
#include "tests/support/catch.h"
#include "tests/support/reference.h"

using namespace fovea;
using kernels::Activation;
using kernels::ConvShape;
using kernels::DepthwiseShape;

namespace {

// h, w, c, out, kernel, stride, pad: pixels and channels below, between and above the tiles and
// vectors of all instruction sets, all paddings.
const ConvShape kShapes[] = {
    {32, 32, 3, 32, 3, 1, 1},  {7, 7, 48, 96, 1, 1, 0},
    {14, 14, 20, 24, 1, 1, 0}, {1, 1, 1, 1, 1, 1, 0},
    {5, 7, 3, 10, 3, 1, 1},    {9, 6, 2, 33, 5, 1, 2},
    {7, 7, 4, 17, 3, 2, 1},    {9, 9, 3, 32, 3, 2, {0, 1, 0, 1}},
    {6, 6, 3, 24, 2, 2, 0},    {3, 3, 2, 3, 3, 1, 2},
    {4, 4, 2, 3, 1, 1, 2},     {15, 15, 8, 65, 3, 1, 1},
    {29, 31, 70, 40, 1, 1, 0}, {14, 14, 6, 8, 1, 2, 0},
    {1, 1, 70, 50, 1, 1, 0},
};

// c, kernel, stride, padding of the depthwise convolution, h, w and out: wide and narrow maps,
// several bands, channels that fill part of a panel.
struct BlockCase {
  ConvShape first;
  int kernel, stride, out;
  kernels::Padding pad;
};
const BlockCase kBlocks[] = {
    {{14, 14, 8, 48, 1, 1, 0}, 3, 1, 8, 1},
    {{7, 7, 12, 72, 1, 1, 0}, 5, 1, 12, 2},
    {{16, 16, 4, 24, 1, 1, 0}, 3, 2, 10, {0, 1, 0, 1}},
    {{15, 13, 5, 40, 1, 1, 0}, 5, 2, 17, {2, 2, 1, 2}},
    {{64, 60, 3, 32, 3, 2, {0, 1, 0, 1}}, 3, 1, 16, 1},
    {{113, 112, 4, 24, 1, 1, 0}, 3, 2, 24, 1},
    {{90, 130, 4, 33, 1, 1, 0}, 5, 1, 4, 2},
    {{1, 1, 3, 1, 1, 1, 0}, 5, 1, 1, 2},
    {{3, 2, 2, 7, 1, 1, 0}, 3, 1, 2, 1},
};

Tensor random(Shape shape, Rng& rng) {
  Tensor tensor(shape);
  test::fill_normal(tensor, rng);
  return tensor;
}

void limit_and_add(Tensor& y, Scalar low, Scalar high, const Tensor& add) {
  for (std::int64_t i = 0; i < y.size(); ++i) {
    y.data()[i] = std::clamp(y.data()[i], low, high) + add.data()[i];
  }
}

// The depthwise convolution of test::reference_conv, one channel at a time.
Tensor reference_depthwise(const Tensor& x, const Tensor& w, const Tensor& bias,
                           const DepthwiseShape& s) {
  Tensor y({x.shape().n, s.out_h(), s.out_w(), s.c});
  for (int j = 0; j < s.c; ++j) {
    Tensor one({x.shape().n, s.h, s.w, 1}), filter({s.kernel, s.kernel, 1, 1}), result;
    Tensor b({1, 1, 1, 1});
    b.data()[0] = bias.data()[j];
    for (std::int64_t i = 0; i < one.size(); ++i) one.data()[i] = x.data()[i * s.c + j];
    for (int i = 0; i < s.taps(); ++i) filter.data()[i] = w.data()[i * s.c + j];
    test::reference_conv(one, filter, &b, {s.h, s.w, 1, 1, s.kernel, s.stride, s.pad}, result);
    for (std::int64_t i = 0; i < result.size(); ++i) y.data()[i * s.c + j] = result.data()[i];
  }
  return y;
}

}  // namespace

TEST_CASE("the convolution of inference equals the seven loops with all instruction sets",
          "[engine][kernels]") {
  const auto list = kernels::panel_kernels();
  REQUIRE(list.count >= 1);
  for (const ConvShape& s : kShapes) {
    Rng rng(11);
    const Tensor x = random({2, s.h, s.w, s.c}, rng),
                 w = random({s.kernel, s.kernel, s.c, s.out}, rng);
    const Tensor bias = random({1, 1, 1, s.out}, rng);
    Tensor expected, plain;
    test::reference_conv(x, w, &bias, s, expected);
    test::reference_conv(x, w, nullptr, s, plain);
    const Tensor add = random(expected.shape(), rng);
    limit_and_add(expected, 0, 6, add);
    for (int i = 0; i < list.count; ++i) {
      CAPTURE(list.items[i]->name, s.h, s.w, s.c, s.out, s.kernel, s.stride, s.pad.top);
      kernels::ConvScratch scratch;
      Tensor y(expected.shape()), threaded(expected.shape());
      const auto packed =
          kernels::pack_matrix(w.data(), bias.data(), s.depth(), s.out, *list.items[i]);
      kernels::conv_infer(x.data(), 2, s, packed, Activation::relu6, add.data(), y.data(), scratch,
                          1);
      CHECK(test::relative_error(y, expected) < 1e-5);
      kernels::conv_infer(x.data(), 2, s, packed, Activation::relu6, add.data(), threaded.data(),
                          scratch, 3);
      CHECK(std::ranges::equal(y.values(), threaded.values()));
      const auto unbiased =
          kernels::pack_matrix(w.data(), nullptr, s.depth(), s.out, *list.items[i]);
      kernels::conv_infer(x.data(), 2, s, unbiased, Activation::none, nullptr, y.data(), scratch,
                          1);
      CHECK(test::relative_error(y, plain) < 1e-5);
    }
  }
}

TEST_CASE("an inverted residual block equals its three convolutions with all instruction sets",
          "[engine][kernels]") {
  const auto list = kernels::panel_kernels();
  for (const BlockCase& c : kBlocks) {
    Rng rng(12);
    const int wide = c.first.out;
    kernels::InvertedResidualShape s{c.first, {}, c.out};
    s.depthwise = {c.first.out_h(), c.first.out_w(), wide, c.kernel, c.stride, c.pad};
    const ConvShape last{s.depthwise.out_h(), s.depthwise.out_w(), wide, c.out, 1, 1, 0};
    const Tensor x = random({2, c.first.h, c.first.w, c.first.c}, rng);
    const Tensor w1 = random({c.first.kernel, c.first.kernel, c.first.c, wide}, rng);
    const Tensor w2 = random({c.kernel, c.kernel, 1, wide}, rng);
    const Tensor w3 = random({1, 1, wide, c.out}, rng);
    const Tensor b1 = random({1, 1, 1, wide}, rng), b2 = random({1, 1, 1, wide}, rng);
    const Tensor b3 = random({1, 1, 1, c.out}, rng);
    Tensor y1, y3;
    test::reference_conv(x, w1, &b1, c.first, y1);
    for (Scalar& value : y1.values()) value = std::clamp<Scalar>(value, 0, 6);
    Tensor y2 = reference_depthwise(y1, w2, b2, s.depthwise);
    for (Scalar& value : y2.values()) value = std::max<Scalar>(value, 0);
    test::reference_conv(y2, w3, &b3, last, y3);
    const Tensor add = random(y3.shape(), rng);
    for (std::int64_t i = 0; i < y3.size(); ++i) y3.data()[i] += add.data()[i];
    for (int i = 0; i < list.count; ++i) {
      CAPTURE(list.items[i]->name, c.first.h, c.first.w, wide, c.kernel, c.stride, c.out);
      kernels::InvertedResidualWeights weights;
      weights.first =
          kernels::pack_matrix(w1.data(), b1.data(), c.first.depth(), wide, *list.items[i]);
      weights.last = kernels::pack_matrix(w3.data(), b3.data(), wide, c.out, *list.items[i]);
      kernels::pack_depthwise(w2.data(), b2.data(), c.kernel * c.kernel, weights);
      weights.first_activation = Activation::relu6;
      weights.depthwise_activation = Activation::relu;
      kernels::ConvScratch scratch;
      Tensor y(y3.shape()), threaded(y3.shape());
      kernels::inverted_residual_infer(x.data(), 2, s, weights, Activation::none, add.data(),
                                       y.data(), scratch, 1);
      CHECK(test::relative_error(y, y3) < 1e-5);
      kernels::inverted_residual_infer(x.data(), 2, s, weights, Activation::none, add.data(),
                                       threaded.data(), scratch, 3);
      CHECK(std::ranges::equal(y.values(), threaded.values()));
    }
  }
}
