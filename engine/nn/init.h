#pragma once

#include "engine/nn/layer.h"

namespace fovea {

enum class Init {
  he,     // normal, variance 2 / fan-in (He et al. 2015, eq. 10); biases and the rest untouched
  dirac,  // as he, but output filter i < in of an odd-sized convolution passes channel i through
          // unchanged (Zagoruyko and Komodakis 2017)
};

// Fills one weight; vectors (biases, batch norm) are left as they are.
void initialise(Param& param, Init init, Rng rng);

}  // namespace fovea
