#include "server/store/prediction_encoding.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace fovea::server {

static_assert(std::endian::native == std::endian::little, "probabilities are stored as in memory");

std::string model_key(const PredictionModel& model) {
  return std::to_string(model.version) + '\n' + model.weights_sha256 + '\n' + model.name;
}

std::string classes_text(const std::vector<std::string>& classes) {
  return nlohmann::json(classes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> read_classes(const std::string& text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(std::string("the classes of a model in the history are malformed: ") +
                      error.what());
  }
}

std::vector<float> read_probabilities(std::span<const std::uint8_t> bytes,
                                      const PredictionModel& model, std::int64_t prediction) {
  std::vector<float> probabilities(bytes.size() / sizeof(float));
  if (probabilities.size() != model.classes.size()) {
    throw FormatError(
        fmt::format("prediction {} of the history is damaged: {} probabilities for {} classes",
                    prediction, probabilities.size(), model.classes.size()));
  }
  if (!probabilities.empty()) {
    std::memcpy(probabilities.data(), bytes.data(), probabilities.size() * sizeof(float));
  }
  return probabilities;
}

}  // namespace fovea::server
