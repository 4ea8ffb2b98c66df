#include "engine/train/optimizer.h"

#include <cmath>
#include <functional>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Param make_param(int size, std::uint64_t seed, bool decay = true) {
  Param param;
  param.name = "0.weight";
  param.decay = decay;
  param.value = Tensor({1, 1, 1, size});
  param.grad = Tensor({1, 1, 1, size});
  Rng rng(seed);
  for (Scalar& x : param.value.values()) x = rng.normal();
  return param;
}

void set_gradient(Param& param, std::uint64_t seed) {
  Rng rng(seed);
  for (Scalar& x : param.grad.values()) x = rng.normal();
}

// Compares ten steps with `reference`, which updates one weight in double from its gradient and t.
void compare(const OptimizerOptions& options,
             const std::function<void(double& w, double g, int t, double* state)>& reference) {
  Param param = make_param(17, 1);
  std::vector<double> w(param.value.values().begin(), param.value.values().end());
  std::vector<double> state(w.size() * 2);
  const auto optimizer = make_optimizer(options);
  Param* params[] = {&param};
  for (int t = 1; t <= 10; ++t) {
    set_gradient(param, static_cast<std::uint64_t>(100 + t));
    for (std::size_t i = 0; i < w.size(); ++i) {
      reference(w[i], double{param.grad.data()[i]}, t, &state[2 * i]);
    }
    optimizer->step(params, 0.05f);
    for (std::size_t i = 0; i < w.size(); ++i) {
      CHECK(param.value.data()[i] == Approx(w[i]).epsilon(1e-5).margin(1e-6));
    }
  }
  CHECK(optimizer->steps() == 10);
}

constexpr double kLr = 0.05f, kDecay = 0.1f, kMomentum = 0.9f, kBeta1 = 0.9f, kBeta2 = 0.999f,
                 kEps = 1e-8f;

}  // namespace

TEST_CASE("SGD follows the Nesterov momentum of PyTorch with weight decay", "[engine][train]") {
  OptimizerOptions options;
  options.kind = OptimizerKind::sgd;
  options.weight_decay = 0.1f;
  compare(options, [](double& w, double g, int, double* state) {
    g += kDecay * w;
    state[0] = kMomentum * state[0] + g;
    w -= kLr * (g + kMomentum * state[0]);
  });
}

TEST_CASE("Adam follows Kingma and Ba algorithm 1 with the decay in the gradient",
          "[engine][train]") {
  OptimizerOptions options;
  options.kind = OptimizerKind::adam;
  options.weight_decay = 0.1f;
  compare(options, [](double& w, double g, int t, double* state) {
    g += kDecay * w;
    state[0] = kBeta1 * state[0] + (1 - kBeta1) * g;
    state[1] = kBeta2 * state[1] + (1 - kBeta2) * g * g;
    w -= kLr * (state[0] / (1 - std::pow(kBeta1, t))) /
         (std::sqrt(state[1] / (1 - std::pow(kBeta2, t))) + kEps);
  });
}

TEST_CASE("AdamW follows Loshchilov and Hutter algorithm 2 with decoupled decay",
          "[engine][train]") {
  OptimizerOptions options;
  options.kind = OptimizerKind::adamw;
  options.weight_decay = 0.1f;
  compare(options, [](double& w, double g, int t, double* state) {
    state[0] = kBeta1 * state[0] + (1 - kBeta1) * g;
    state[1] = kBeta2 * state[1] + (1 - kBeta2) * g * g;
    w = w * (1 - kLr * kDecay) - kLr * (state[0] / (1 - std::pow(kBeta1, t))) /
                                     (std::sqrt(state[1] / (1 - std::pow(kBeta2, t))) + kEps);
  });
}

TEST_CASE("the first Adam step changes every weight by the learning rate", "[engine][train]") {
  Param param = make_param(3, 2);
  param.value.fill(1);
  const Scalar gradient[] = {1e-3f, -5.0f, 200.0f};
  std::copy_n(gradient, 3, param.grad.data());
  Param* params[] = {&param};
  make_optimizer({.kind = OptimizerKind::adam})->step(params, 0.01f);
  CHECK(param.value.data()[0] == Approx(0.99).epsilon(1e-5));
  CHECK(param.value.data()[1] == Approx(1.01).epsilon(1e-5));
  CHECK(param.value.data()[2] == Approx(0.99).epsilon(1e-5));
}

TEST_CASE("the step counter advances once per step and not once per parameter", "[engine][train]") {
  Param together[] = {make_param(5, 1), make_param(7, 2), make_param(2, 3)};
  Param alone = make_param(7, 2);
  Param* all[] = {&together[0], &together[1], &together[2]};
  Param* one[] = {&alone};
  const auto a = make_optimizer({}), b = make_optimizer({});
  for (std::uint64_t t = 0; t < 5; ++t) {
    set_gradient(together[1], t);
    set_gradient(alone, t);
    a->step(all, 0.01f);
    b->step(one, 0.01f);
  }
  CHECK(a->steps() == 5);
  for (int i = 0; i < 7; ++i) CHECK(together[1].value.data()[i] == alone.value.data()[i]);
}

TEST_CASE("weight decay does not apply to parameters without decay", "[engine][train]") {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    Param decays = make_param(4, 1, true), stays = make_param(4, 1, false);
    Param* params[] = {&decays, &stays};
    make_optimizer({.kind = kind, .weight_decay = 0.5f})->step(params, 0.1f);  // gradients are zero
    const Param before = make_param(4, 1);
    for (int i = 0; i < 4; ++i) {
      CHECK(stays.value.data()[i] == before.value.data()[i]);
      CHECK(std::abs(decays.value.data()[i]) < std::abs(before.value.data()[i]));
    }
  }
}

TEST_CASE("learning-rate scales apply to their own parameter", "[engine][train]") {
  Param a = make_param(4, 1), b = make_param(4, 1), reference = make_param(4, 1);
  for (Param* param : {&a, &b, &reference}) set_gradient(*param, 9);
  Param* both[] = {&a, &b};
  Param* one[] = {&reference};
  const auto scaled = make_optimizer({.kind = OptimizerKind::sgd});
  scaled->set_lr_scales({1, 8});
  scaled->step(both, 0.01f);
  make_optimizer({.kind = OptimizerKind::sgd})->step(one, 0.08f);
  for (int i = 0; i < 4; ++i) {
    CHECK(b.value.data()[i] == reference.value.data()[i]);
    CHECK(a.value.data()[i] != b.value.data()[i]);
  }
}

TEST_CASE("a restored optimiser continues bit for bit on any number of threads",
          "[engine][train]") {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
    Param a = make_param(100'000, 1), b = make_param(100'000, 1);
    Param* pa[] = {&a};
    Param* pb[] = {&b};
    const auto first = make_optimizer({.kind = kind});
    auto second = make_optimizer({.kind = kind});
    for (std::uint64_t t = 0; t < 6; ++t) {
      set_gradient(a, t);
      set_gradient(b, t);
      first->step(pa, 0.01f, 1);
      if (t == 3) {
        std::vector<Tensor> state;
        for (const Tensor& tensor : second->state()) state.push_back(tensor.clone());
        const std::int64_t steps = second->steps();
        second = make_optimizer({.kind = kind});
        second->restore(steps, std::move(state));
      }
      second->step(pb, 0.01f, 4);
    }
    CHECK(std::equal(a.value.values().begin(), a.value.values().end(), b.value.data()));
  }
}

TEST_CASE("invalid optimiser options and state are rejected by name", "[engine][train]") {
  CHECK_THROWS_WITH(make_optimizer({.beta1 = 1.0f}), ContainsSubstring("beta1"));
  CHECK_THROWS_WITH(make_optimizer({.weight_decay = -1}), ContainsSubstring("weight_decay"));
  CHECK_THROWS_AS(make_optimizer({.kind = OptimizerKind::sgd, .momentum = 1}), ConfigError);
  Param param = make_param(5, 1);
  Param* params[] = {&param};
  const auto optimizer = make_optimizer({.kind = OptimizerKind::sgd});
  std::vector<Tensor> wrong;
  wrong.emplace_back(Shape{1, 1, 1, 4});
  optimizer->restore(3, std::move(wrong));
  CHECK_THROWS_WITH(optimizer->step(params, 0.1f), ContainsSubstring("0.weight"));
}
