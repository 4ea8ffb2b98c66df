#include "server/dataset/known_datasets.h"

#include <cstdlib>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

std::string environment_or(const char* variable, const char* fallback) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : fallback;
}

}  // namespace

bool is_known_dataset(const std::string& name) {
  return name == "cifar10";
}

KnownDataset known_dataset(const std::string& name) {
  if (!is_known_dataset(name))
    throw FormatError("unknown public dataset \"" + name + "\"; available: cifar10");
  return {environment_or("FOVEA_CIFAR10_URL",
                         "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
          environment_or("FOVEA_CIFAR10_SHA256",
                         "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")};
}

}  // namespace fovea::server
