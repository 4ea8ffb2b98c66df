#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fovea::tools {

// The file that a MODEL argument refers to: a path, or the name of a file in ./models, with or
// without ".safetensors".
struct ModelFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> bytes;
};
// Throws IoError naming all paths that were tried.
ModelFile read_model_argument(const std::string& argument);

constexpr const char* kModelHelp = "Model file, or the name of a model in ./models";

}  // namespace fovea::tools
