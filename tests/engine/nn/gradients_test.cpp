// Built in double precision (fovea_core_f64).

#include <algorithm>
#include <cmath>

#include "engine/model/network.h"

#include "engine/core/error.h"
#include "engine/nn/activation.h"
#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/dense.h"
#include "engine/nn/depthwise_conv2d.h"
#include "engine/nn/dropout.h"
#include "engine/nn/loss.h"
#include "engine/nn/pool.h"
#include "engine/nn/residual.h"
#include "tests/support/catch.h"
#include "tests/support/gradcheck.h"

using namespace fovea;
using test::check_gradients;
using test::GradReport;

namespace {

void require_small(const GradReport& report) {
  INFO(report.where);
  REQUIRE(report.checked > 0);
  CHECK(report.worst < 1e-6);
}

// A dense layer whose input gradient is 1 % too large.
class WrongDense : public Dense {
 public:
  using Dense::Dense;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override {
    Dense::backward(x, y, dy, dx);
    for (Scalar& value : dx->values()) value *= 1.01;
  }
};

// A dense layer that overwrites its weight gradient instead of adding to it.
class ForgetfulDense : public Dense {
 public:
  using Dense::Dense;
  void backward(const Tensor& x, const Tensor& y, const Tensor& dy, Tensor* dx) override {
    for (Param* param : params()) param->grad.fill(0);
    Dense::backward(x, y, dy, dx);
  }
};

}  // namespace

TEST_CASE("the gradients of a convolution are correct for strides and odd sizes", "[engine][nn]") {
  Conv2d plain({.in = 3, .out = 5}, "0");
  require_small(check_gradients(plain, {2, 6, 5, 3}, 1));
  Conv2d strided({.in = 2, .out = 3, .kernel = 3, .stride = 2, .bias = false}, "0");
  require_small(check_gradients(strided, {2, 7, 7, 2}, 2));
  Conv2d whitening({.in = 3, .out = 24, .kernel = 2, .pad = 0}, "0");
  require_small(check_gradients(whitening, {1, 5, 5, 3}, 3));
}

TEST_CASE("the gradients of a convolution with TensorFlow's padding are correct", "[engine][nn]") {
  Conv2d even({.in = 2, .out = 3, .kernel = 3, .stride = 2, .pad = kSamePadding}, "0");
  require_small(check_gradients(even, {2, 6, 7, 2}, 41));
  Conv2d unstrided({.in = 2, .out = 3, .kernel = 4, .pad = kSamePadding, .bias = false}, "0");
  require_small(check_gradients(unstrided, {1, 5, 3, 2}, 42));
  Conv2d pointwise({.in = 5, .out = 4, .kernel = 1, .pad = 0}, "0");
  require_small(check_gradients(pointwise, {2, 3, 4, 5}, 43));
}

TEST_CASE("the gradients of a depthwise convolution are correct", "[engine][nn]") {
  for (const int kernel : {3, 5}) {
    for (const int stride : {1, 2}) {
      CAPTURE(kernel, stride);
      DepthwiseConv2d same({.channels = 9, .kernel = kernel, .stride = stride, .pad = kSamePadding},
                           "0");
      require_small(check_gradients(same, {2, 8, 7, 9}, 44));
      DepthwiseConv2d narrow(
          {.channels = 2, .kernel = kernel, .stride = stride, .pad = 2, .bias = false}, "0");
      require_small(check_gradients(narrow, {1, 3, 4, 2}, 45));
    }
  }
  DepthwiseConv2d other({.channels = 3, .kernel = 2, .stride = 3, .pad = 0}, "0");
  require_small(check_gradients(other, {2, 8, 5, 3}, 46));
}

TEST_CASE("the gradients of an inverted residual block are correct", "[engine][nn]") {
  const std::vector<LayerSpec> block{{Conv2dSpec{12, 1, 1, 0, false}},
                                     {BatchNormSpec{}},
                                     {GeluSpec{}},
                                     {DepthwiseConv2dSpec{5, 1, kSamePadding, false}},
                                     {BatchNormSpec{}},
                                     {GeluSpec{}},
                                     {Conv2dSpec{4, 1, 1, 0, false}},
                                     {BatchNormSpec{}}};
  Residual residual(build_layers(block, {1, 6, 5, 4}, "0.block."));
  require_small(check_gradients(residual, {2, 6, 5, 4}, 47));
}

TEST_CASE("the gradients of batch norm are correct", "[engine][nn]") {
  BatchNorm norm(4, 1e-5f, 0.1f, "0");
  require_small(check_gradients(norm, {3, 4, 4, 4}, 4));
  BatchNorm dense(6, 1e-5f, 0.1f, "0");
  require_small(check_gradients(dense, {5, 1, 1, 6}, 5));
}

TEST_CASE("the gradients of dense and flatten and dropout are correct", "[engine][nn]") {
  Dense dense(7, 4, true, "0");
  require_small(check_gradients(dense, {3, 1, 1, 7}, 6));
  Flatten flatten;
  require_small(check_gradients(flatten, {2, 3, 2, 4}, 7));
  Dropout dropout(0.3f);
  require_small(check_gradients(dropout, {2, 3, 3, 4}, 8));
}

TEST_CASE("the gradients of pooling are correct", "[engine][nn]") {
  MaxPool pool(2);
  require_small(check_gradients(pool, {2, 6, 4, 3}, 9));
  MaxPool ragged(3);
  require_small(check_gradients(ragged, {2, 7, 8, 2}, 10));
  GlobalAvgPool average;
  require_small(check_gradients(average, {2, 3, 5, 4}, 11));
  GlobalMaxPool maximum;
  require_small(check_gradients(maximum, {2, 3, 5, 4}, 12));
}

TEST_CASE("the gradients of the activations are correct", "[engine][nn]") {
  Relu relu;
  require_small(check_gradients(relu, {2, 4, 4, 3}, 13, {.kink = 1e-3}));
  Relu6 relu6;  // normal numbers do not reach 6, so they are shifted to both kinks
  Tensor x({1, 1, 1, 6}), y(x.shape()), dy(x.shape()), dx(x.shape());
  const Scalar values[] = {-1, 0.5, 3, 5.5, 6.5, 100}, slopes[] = {0, 1, 1, 1, 0, 0};
  std::copy_n(values, 6, x.data());
  dy.fill(2);
  relu6.forward(x, y, Rng(1));
  relu6.backward(x, y, dy, &dx);
  for (int i = 0; i < 6; ++i) {
    CHECK(y.data()[i] == std::clamp<Scalar>(values[i], 0, 6));
    CHECK(dx.data()[i] == 2 * slopes[i]);
  }
  Gelu gelu;
  require_small(check_gradients(gelu, {2, 4, 4, 3}, 14));
}

TEST_CASE("the gradients of a residual block are correct", "[engine][nn]") {
  const std::vector<LayerSpec> block{{Conv2dSpec{.out = 3, .bias = false}},
                                     {BatchNormSpec{}},
                                     {GeluSpec{}},
                                     {Conv2dSpec{.out = 3}}};
  Residual residual(build_layers(block, {1, 4, 4, 3}, "0.block."));
  require_small(check_gradients(residual, {2, 4, 4, 3}, 15));
}

TEST_CASE("the gradient of the loss is correct with smoothing and class weights", "[engine][nn]") {
  Rng rng(16);
  Tensor logits({4, 1, 1, 5}), dlogits, unused;
  for (Scalar& value : logits.values()) value = rng.normal();
  const std::vector<int> labels{0, 4, 2, 2};
  const LossOptions options{.label_smoothing = 0.1f, .class_weights = {1, 2, 0.5f, 1, 3}};
  softmax_cross_entropy(logits, labels, options, dlogits, 1);
  require_small(test::compare_gradients(
      [&] { return softmax_cross_entropy(logits, labels, options, unused, 1); },
      {{"logits", &logits, &dlogits}}, {}));
}

TEST_CASE("the gradient of the loss for soft targets is correct", "[engine][nn]") {
  Rng rng(23);
  Tensor logits({3, 1, 1, 4}), targets(logits.shape()), dlogits, unused;
  for (Scalar& value : logits.values()) value = rng.normal();
  for (int i = 0; i < 3; ++i) {
    Scalar sum = 0;
    for (int j = 0; j < 4; ++j) sum += targets.image(i)[j] = j == i ? 0 : rng.uniform();
    for (int j = 0; j < 4; ++j) targets.image(i)[j] /= sum;
  }
  soft_cross_entropy(logits, targets, dlogits, 1);
  require_small(
      test::compare_gradients([&] { return soft_cross_entropy(logits, targets, unused, 1); },
                              {{"logits", &logits, &dlogits}}, {}));
  CHECK_THROWS_AS(soft_cross_entropy(logits, Tensor({3, 1, 1, 5}), dlogits, 1), ShapeError);
}

TEST_CASE("with frozen statistics the gradients are correct and forward equals infer",
          "[engine][nn]") {
  NetworkSpec spec{.input = {1, 6, 6, 3},
                   .layers = {{Conv2dSpec{.out = 4, .bias = false}},
                              {BatchNormSpec{}},
                              {ResidualSpec{{{Conv2dSpec{.out = 4}}, {BatchNormSpec{}}}}},
                              {FlattenSpec{}},
                              {DenseSpec{3}}}};
  Network network(spec);
  network.initialise(31);
  Rng rng(32);
  for (Buffer* buffer : network.buffers()) {
    for (Scalar& value : buffer->value.values()) value = rng.uniform(0.5f, 2);
  }
  network.freeze_statistics();
  Network copy = network.clone();
  Tensor x({3, 6, 6, 3}), dlogits, unused, inferred;
  for (Scalar& value : x.values()) value = rng.normal();
  Scratch scratch;
  copy.infer(x, inferred, scratch);
  const Tensor& trained = copy.forward(x, Rng(1));
  for (std::int64_t i = 0; i < inferred.size(); ++i) {
    CHECK(std::abs(inferred.data()[i] - trained.data()[i]) < 1e-12);
  }
  const std::vector<int> labels{0, 1, 2};
  const auto objective = [&] {
    return softmax_cross_entropy(network.forward(x, Rng(1)), labels, {}, unused, 1);
  };
  network.zero_gradients();
  softmax_cross_entropy(network.forward(x, Rng(1)), labels, {}, dlogits, 1);
  network.backward(dlogits);
  std::vector<test::Varied> arrays;
  for (Param* param : network.params())
    arrays.push_back({param->name, &param->value, &param->grad});
  require_small(test::compare_gradients(objective, arrays, {}));
  std::vector<Tensor> before;
  for (const Buffer* buffer : network.buffers()) before.push_back(buffer->value.clone());
  network.update_statistics();
  for (std::size_t b = 0; b < before.size(); ++b) {
    const auto now = network.buffers()[b]->value.values();
    CHECK(std::equal(now.begin(), now.end(), before[b].values().begin()));
  }
}

TEST_CASE("the gradients of a small network are correct", "[engine][nn]") {
  NetworkSpec spec{.input = {1, 8, 8, 3}, .layers = {}};
  for (const LayerSpec& layer : std::vector<LayerSpec>{
           {Conv2dSpec{.out = 4, .bias = false}},
           {BatchNormSpec{}},
           {ReluSpec{}},
           {MaxPoolSpec{}},
           {DropoutSpec{0.2f}},
           {ResidualSpec{{{Conv2dSpec{.out = 4}}, {BatchNormSpec{}}, {ReluSpec{}}}}},
           {FlattenSpec{}},
           {DenseSpec{6, false}},
           {BatchNormSpec{}},
           {GeluSpec{}},
           {DenseSpec{3}}}) {
    spec.layers.push_back(layer);
  }
  Network network(spec);
  network.initialise(17);
  Rng rng(18);
  Tensor x({5, 8, 8, 3}), dlogits, unused;
  for (Scalar& value : x.values()) value = rng.normal();
  const std::vector<int> labels{0, 1, 2, 1, 0};
  const auto objective = [&] {
    return softmax_cross_entropy(network.forward(x, Rng(19)), labels, {}, unused, 1);
  };
  network.zero_gradients();
  softmax_cross_entropy(network.forward(x, Rng(19)), labels, {}, dlogits, 1);
  network.backward(dlogits);
  std::vector<test::Varied> arrays;
  for (Param* param : network.params())
    arrays.push_back({param->name, &param->value, &param->grad});
  // The step is so small that no ReLU or maximum switches.
  require_small(test::compare_gradients(objective, arrays, {.step = 1e-6}));
}

TEST_CASE("the gradient check detects a wrong input gradient and an overwritten weight gradient",
          "[engine][nn]") {
  WrongDense wrong(7, 4, true, "0");
  CHECK(check_gradients(wrong, {3, 1, 1, 7}, 20).worst > 1e-3);
  ForgetfulDense forgetful(7, 4, true, "0");
  CHECK(check_gradients(forgetful, {3, 1, 1, 7}, 21).worst > 1e-1);
}
