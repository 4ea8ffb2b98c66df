#pragma once

#include <nlohmann/json.hpp>

#include "engine/retrain/forgetting.h"
#include "engine/retrain/gate.h"

namespace fovea {

// {"decision", "text", "rules": [{"name", "passed": true | false | null, "text", "numbers"}],
//  "missing": [sentence]}; null = not enough images to say.
nlohmann::ordered_json verdict_json(const GateVerdict& verdict);

// {"classes": [{"name", "new", "support", "before", "after", "difference", "interval", "p",
//  "confused_with", "confused"}], "old_classes", "new_classes", "sentences"}. A new class has no
// before, difference, interval and p; a class without mistakes no confused_with.
nlohmann::ordered_json forgetting_json(const ForgettingReport& report);

// The thresholds named as in GateOptions; what is absent keeps its default; null: all defaults.
// Throws ConfigError naming a key that is unknown or a value that is out of range.
GateOptions read_gate_options(const nlohmann::ordered_json& json);

}  // namespace fovea
