#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/nn/layer.h"

namespace fovea::test {

// Compares gradients with central differences. The objective is sum(y * r) with a fixed random r; a
// sum of squares would be nearly constant after batch norm and detect almost no error.
struct GradCheck {
  double step = 1e-5;
  double tolerance = 1e-6;  // of |analytic - numeric| / max(1, |analytic|, |numeric|)
  double kink = 0;          // numbers of x this close to 0 are skipped (ReLU)
  int max_elements = 400;   // checked per tensor, evenly spread
};

struct GradReport {
  double worst = 0;
  std::string where = "nothing checked";
  int checked = 0;
};

// An array that is varied, and its gradient from backward().
struct Varied {
  std::string name;
  Tensor* value;
  const Tensor* gradient;
};

inline GradReport compare_gradients(const std::function<double()>& objective,
                                    const std::vector<Varied>& arrays, const GradCheck& options) {
  GradReport report;
  for (const Varied& array : arrays) {
    const std::int64_t size = array.value->size();
    const std::int64_t stride = std::max<std::int64_t>(1, size / options.max_elements);
    for (std::int64_t i = 0; i < size; i += stride) {
      Scalar& value = array.value->data()[i];
      const Scalar kept = value;
      if (options.kink > 0 && std::abs(kept) < options.kink) continue;
      value = kept + options.step;
      const double above = objective();
      value = kept - options.step;
      const double below = objective();
      value = kept;
      const double numeric = (above - below) / (2 * options.step);
      const double analytic = array.gradient->data()[i];
      const double scale = std::max({1.0, std::abs(numeric), std::abs(analytic)});
      const double error = std::abs(analytic - numeric) / scale;
      ++report.checked;
      if (error > report.worst || report.checked == 1) {
        report.worst = error;
        report.where = array.name + "[" + std::to_string(i) + "]: analytic " +
                       std::to_string(analytic) + ", numeric " + std::to_string(numeric);
      }
    }
  }
  return report;
}

// Checks dx and every parameter of one layer, for an input of the given shape. Calls backward()
// twice, so that the gradients of the parameters must add up.
inline GradReport check_gradients(Layer& layer, const Shape& in, std::uint64_t seed,
                                  const GradCheck& options = {}) {
  Rng rng(seed);
  const Rng mask(seed + 1);
  Tensor x(in), y(layer.output_shape(in)), r(y.shape()), dx(in);
  for (Tensor* t : {&x, &r}) {
    for (Scalar& value : t->values()) value = rng.normal();
  }
  for (Param* param : layer.params()) {
    for (Scalar& value : param->value.values()) value += Scalar(0.5) * rng.normal();
    param->grad.fill(0);
  }
  const auto objective = [&] {
    layer.forward(x, y, mask);
    double sum = 0;
    for (std::int64_t i = 0; i < y.size(); ++i) sum += y.data()[i] * r.data()[i];
    return sum;
  };
  std::vector<Varied> arrays{{"x", &x, &dx}};
  for (int pass = 0; pass < 2; ++pass) {
    objective();
    layer.backward(x, y, r, &dx);
  }
  for (Param* param : layer.params()) {
    for (Scalar& value : param->grad.values()) value /= 2;
    arrays.push_back({param->name, &param->value, &param->grad});
  }
  return compare_gradients(objective, arrays, options);
}

}  // namespace fovea::test
