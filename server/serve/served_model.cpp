#include "server/serve/served_model.h"

#include "engine/core/sha256.h"

namespace fovea::server {

ServedModel::ServedModel(std::vector<std::uint8_t> bytes, std::string model_name,
                         int version_number)
    : file(std::move(bytes)),
      classifier(file),
      file_sha256(sha256_hex(file)),
      name(std::move(model_name)),
      number(version_number),
      version(std::to_string(version_number)) {}

}  // namespace fovea::server
