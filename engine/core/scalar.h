#pragma once

namespace fovea {

// The number type of all arithmetic. The gradient checks build the same sources with FOVEA_DOUBLE,
// because central differences in float are too inexact to test anything.
#ifdef FOVEA_DOUBLE
using Scalar = double;
#else
using Scalar = float;
#endif

}  // namespace fovea
