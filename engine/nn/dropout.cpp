#include "engine/nn/dropout.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/kernels/elementwise.h"

namespace fovea {

Dropout::Dropout(float rate) : rate_(rate) {
  if (!(rate >= 0 && rate < 1)) {
    throw ConfigError("Dropout needs 0 <= rate < 1, not " + std::to_string(rate));
  }
}

void Dropout::infer(const Tensor& x, Tensor& y, Scratch&) const {
  if (&x != &y) y.copy_from(x);
}

void Dropout::forward(const Tensor& x, Tensor& y, const Rng& rng) {
  // A number is dropped when its 24 random bits are below rate * 2^24.
  const auto threshold = static_cast<std::uint32_t>(std::lround(double{rate_} * 0x1p24));
  constexpr std::size_t kStep = 4 * Rng::kBlocks;
  kept_.resize((x.size() + kStep - 1) / kStep * kStep);
  for (std::size_t i = 0; i < kept_.size(); i += kStep) {
    std::uint32_t* kept = kept_.data() + i;
    rng.blocks(i / 4, kept);
    for (std::size_t j = 0; j < kStep; ++j) kept[j] = (kept[j] >> 8) >= threshold ? ~0u : 0u;
  }
  apply(x, y);
}

void Dropout::backward(const Tensor&, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx != nullptr) apply(dy, *dx);
}

void Dropout::apply(const Tensor& x, Tensor& y) const {
  const Scalar scale = 1 / (1 - static_cast<Scalar>(rate_));
  kernels::masked_scale(x.data(), kept_.data(), x.size(), scale, y.data());
}

}  // namespace fovea
