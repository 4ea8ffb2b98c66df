#include "tools/fovea/model_argument.h"

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea::tools {

ModelFile read_model_argument(const std::string& argument) {
  std::vector<std::filesystem::path> places{argument};
  if (argument.find('/') == std::string::npos) {
    places.push_back(std::filesystem::path("models") / argument);
    places.push_back(std::filesystem::path("models") / (argument + ".safetensors"));
  }
  std::string tried;
  for (const auto& place : places) {
    std::error_code error;
    if (std::filesystem::is_regular_file(place, error)) return {place, read_file(place)};
    tried += (tried.empty() ? "" : ", ") + place.string();
  }
  throw IoError("no model file at " + tried);
}

}  // namespace fovea::tools
