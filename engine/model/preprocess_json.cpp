#include "engine/model/preprocess_json.h"

#include <array>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

std::array<float, 3> read_rgb(const JsonReader& in, float limit) {
  std::array<float, 3> rgb{};
  const auto entries = in.list_of(3);
  for (std::size_t i = 0; i < 3; ++i) rgb[i] = entries[i].float_number(-limit, limit);
  return rgb;
}

}  // namespace

std::string preprocess_to_json(const Preprocess& preprocess) {
  Json json;
  json["size"] = preprocess.size;
  json["fit"] = to_string(preprocess.fit);
  for (const float x : preprocess.mean) json["mean"].push_back(shortest_decimal(x));
  for (const float x : preprocess.std) json["std"].push_back(shortest_decimal(x));
  return json.dump();
}

Preprocess preprocess_from_json(const JsonReader& in, float limit) {
  Preprocess preprocess;
  preprocess.size = static_cast<int>(in.at("size").integer(1, 1024));
  try {
    preprocess.fit = parse_fit(in.at("fit").text());
  } catch (const ConfigError& error) {
    throw FormatError(in.prefix() + ": " + error.what());
  }
  preprocess.mean = read_rgb(in.at("mean"), limit);
  preprocess.std = read_rgb(in.at("std"), limit);
  return preprocess;
}

}  // namespace fovea
