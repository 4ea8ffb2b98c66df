#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fovea::tools {

// What a MODEL argument names: a file, or the name of one in ./models, with or without its ending.
struct ModelFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> bytes;
};
// Throws IoError naming every place that was looked at.
ModelFile read_model_argument(const std::string& argument);

constexpr const char* kModelHelp = "Model file, or the name of one in ./models";

}  // namespace fovea::tools
