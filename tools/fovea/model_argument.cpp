#include "tools/fovea/model_argument.h"

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace fovea::tools {

ModelFile read_model_argument(const std::string& argument) {
  std::vector<std::filesystem::path> candidates{argument};
  if (argument.find('/') == std::string::npos) {
    candidates.push_back(std::filesystem::path("models") / argument);
    candidates.push_back(std::filesystem::path("models") / (argument + ".safetensors"));
  }
  std::string tried;
  for (const auto& path : candidates) {
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) return {path, read_file(path)};
    tried += (tried.empty() ? "" : ", ") + path.string();
  }
  throw IoError("model file not found; tried " + tried);
}

}  // namespace fovea::tools
