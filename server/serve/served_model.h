#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/classifier.h"
#include "server/serve/service_record.h"

namespace fovea::server {

// A loaded version of the model: its classifier, and its file for download. Immutable except for
// its record. Requests hold a shared_ptr, so a version stays alive until its last request has
// finished.
struct ServedModel {
  // `version_number` is that of the registry. Throws FormatError.
  ServedModel(std::vector<std::uint8_t> bytes, std::string model_name, int version_number);

  const std::vector<std::uint8_t> file;
  const Classifier classifier;
  const std::string file_sha256;
  const std::string name;
  const int number;
  const std::string version;  // the number as a string
  mutable ServiceRecord record;
};

}  // namespace fovea::server
