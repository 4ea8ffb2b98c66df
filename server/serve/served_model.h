#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/classifier.h"

namespace fovea::server {

// A model as it is served: ready to predict, and its file for those who predict themselves.
// Immutable; whoever holds the pointer keeps this version alive, whatever is served next.
struct ServedModel {
  explicit ServedModel(std::vector<std::uint8_t> bytes, const std::string& fallback_name);

  std::vector<std::uint8_t> file;
  Classifier classifier;
  std::string file_sha256;
  std::string name;     // from the provenance, else the file's name
  std::string version;  // from the provenance, else the first 12 digits of the weights' sha256
};

// Throws IoError or FormatError, naming the path.
std::shared_ptr<const ServedModel> load_served_model(const std::filesystem::path& path);

}  // namespace fovea::server
