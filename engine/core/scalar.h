#pragma once

namespace fovea {

// The number type of all arithmetic. `double` exists for one purpose: the gradient checks build the
// same sources with FOVEA_DOUBLE, so that central differences are exact enough to mean something.
#ifdef FOVEA_DOUBLE
using Scalar = double;
#else
using Scalar = float;
#endif

}  // namespace fovea
