#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace fovea::server {

// Throws JobRefusal 422 naming the option that is unknown, has another type or is out of range.
// retrain: mode, epochs, lr, replay, batch, seed, distillation, freeze_statistics, gate, promote;
// evaluate: version, split; import: source.
void check_options(const std::string& kind, const nlohmann::ordered_json& options);

}  // namespace fovea::server
