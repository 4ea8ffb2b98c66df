#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/classifier.h"
#include "server/serve/service_record.h"

namespace fovea::server {

// A version of the model as it is served: ready to predict, and its file for those who predict
// themselves. Immutable but for its record; whoever holds the pointer keeps this version alive,
// whatever is served next.
struct ServedModel {
  // The number is that of the registry. Throws FormatError.
  ServedModel(std::vector<std::uint8_t> bytes, std::string called, int version_number);

  const std::vector<std::uint8_t> file;
  const Classifier classifier;
  const std::string file_sha256;
  const std::string name;
  const int number;
  const std::string version;  // the number as text
  mutable ServiceRecord record;
};

}  // namespace fovea::server
