#pragma once

#include <string>

namespace fovea::server {

// A public dataset that can be downloaded.
struct KnownDataset {
  std::string url;     // of an archive
  std::string sha256;  // of the archive, 64 hex digits
};

// Whether known_dataset() accepts the name.
bool is_known_dataset(const std::string& name);

// By name; only cifar10 is known. FOVEA_CIFAR10_URL and FOVEA_CIFAR10_SHA256 in the environment
// select a mirror. Throws FormatError for an unknown name.
KnownDataset known_dataset(const std::string& name);

}  // namespace fovea::server
