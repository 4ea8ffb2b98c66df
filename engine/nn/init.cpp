#include <algorithm>
#include <cmath>

#include "engine/nn/layer.h"

namespace fovea {

void initialise(Param& param, Init init, Rng rng) {
  if (param.layout == Layout::vector) return;
  // {kernel, kernel, in, out}, {1, 1, in, out} or, depthwise, {kernel, kernel, 1, channels}
  const Shape& s = param.value.shape();
  // He et al. 2015, eq. 10: normal with variance 2 / fan-in.
  const int fan_in = s.n * s.h * s.w;
  const float deviation = std::sqrt(2.0f / static_cast<float>(fan_in));
  for (Scalar& value : param.value.values()) value = deviation * rng.normal();
  const bool depthwise = param.layout == Layout::depthwise;
  if (init != Init::dirac || (param.layout != Layout::conv && !depthwise) || s.n % 2 == 0) return;
  // Zagoruyko and Komodakis 2017: output filter i copies input channel i at the centre tap.
  const int middle = (s.n / 2) * s.h + s.h / 2;
  if (depthwise) {
    for (int tap = 0; tap < s.n * s.h; ++tap) {
      std::fill_n(param.value.data() + std::int64_t{tap} * s.c, s.c, Scalar(tap == middle ? 1 : 0));
    }
    return;
  }
  const int passed = std::min(s.w, s.c);
  Scalar* weight = param.value.data();
  for (int tap = 0; tap < s.n * s.h; ++tap) {
    for (int in = 0; in < s.w; ++in) {
      for (int out = 0; out < passed; ++out) {
        weight[(std::int64_t{tap} * s.w + in) * s.c + out] = tap == middle && in == out ? 1 : 0;
      }
    }
  }
}

}  // namespace fovea
