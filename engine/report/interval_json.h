#pragma once

#include "engine/fit/interval.h"

namespace fovea {

// [low, high]: lets every JSON type of nlohmann take an Interval as a value.
template <class AnyJson>
void to_json(AnyJson& json, const Interval& interval) {
  json = AnyJson::array({interval.low, interval.high});
}

}  // namespace fovea
