#pragma once

#include <string>

#include "engine/image/preprocess.h"
#include "engine/model/json.h"

namespace fovea {

// The preprocessing of a model as JSON text (docs/model-format.md): size, fit, mean, std.
std::string preprocess_to_json(const Preprocess& preprocess);
// Its inverse, for a parsed object. Other keys are left to the caller. Throws FormatError, also for
// a mean or standard deviation above `limit` in magnitude.
Preprocess preprocess_from_json(const JsonReader& in, float limit);

}  // namespace fovea
