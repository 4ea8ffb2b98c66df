#pragma once

#include <nlohmann/json.hpp>

#include "engine/eval/data_statistics.h"

namespace fovea {

// The statistics of a dataset as in docs/evaluation.md. Reading throws FormatError, whose text
// begins with "evaluation: statistics", when the document is malformed.
nlohmann::ordered_json statistics_json(const DataStatistics& statistics);
DataStatistics read_statistics(const nlohmann::ordered_json& document);

}  // namespace fovea
