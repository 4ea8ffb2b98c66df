#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace fovea::tests {

// A file of real images that is too large for the repository, in $FOVEA_SHARED_DATA or else in
// ../shared/data beside the source folder. Empty when it does not exist, which is printed.
inline std::filesystem::path shared_data(const std::string& name) {
  const char* variable = std::getenv("FOVEA_SHARED_DATA");
  const std::filesystem::path folder =
      variable ? variable : std::string(FOVEA_SOURCE_DIR) + "/../shared/data";
  if (std::filesystem::exists(folder / name)) return folder / name;
  std::printf("SKIPPED: %s is not in %s\n", name.c_str(), folder.c_str());
  return {};
}

}  // namespace fovea::tests
