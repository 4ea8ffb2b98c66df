#pragma once

#include <string>

namespace fovea::server {

// A public dataset and what its archive must be.
struct KnownDataset {
  std::string url;
  std::string sha256;  // 64 hex digits
};

// By name: cifar10. $FOVEA_CIFAR10_URL and $FOVEA_CIFAR10_SHA256 name a mirror, for machines that
// cannot reach the original. Throws FormatError for an unknown name.
KnownDataset known_dataset(const std::string& name);

}  // namespace fovea::server
