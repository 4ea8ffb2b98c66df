#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/store/prediction_store.h"

namespace fovea::server {

// The form of values of the prediction history in the tables.

std::string model_key(const PredictionModel& model);  // equal for the same row of the models
std::string classes_text(const std::vector<std::string>& classes);  // JSON
std::vector<std::string> read_classes(const std::string& text);     // throws FormatError
// 32-bit floats, little-endian. Throws FormatError unless there is one for each class of the model.
std::vector<float> read_probabilities(std::span<const std::uint8_t> bytes,
                                      const PredictionModel& model, std::int64_t prediction);

}  // namespace fovea::server
