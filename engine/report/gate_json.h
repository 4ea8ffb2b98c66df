#pragma once

#include <nlohmann/json.hpp>

#include "engine/retrain/forgetting.h"
#include "engine/retrain/gate.h"

namespace fovea {

// {"decision", "text", "rules": [{"name", "passed": true | false | null, "text", "numbers"}],
//  "missing": [sentence]}. "rules" are the checks; null means that there are too few images.
nlohmann::ordered_json verdict_json(const GateVerdict& verdict);

// {"classes": [{"name", "new", "support", "before", "after", "after_interval", "difference",
// "interval",
//  "p", "confused_with", "confused"}], "old_classes", "new_classes", "sentences"}. A new class
//  lacks
// before, difference, interval and p; a class without mistakes lacks confused_with.
nlohmann::ordered_json forgetting_json(const ForgettingReport& report);

// Thresholds with the names of GateOptions. Absent ones have their default; null: all defaults.
// Throws ConfigError naming an unknown key or a value that is out of range.
GateOptions read_gate_options(const nlohmann::ordered_json& json);

}  // namespace fovea
