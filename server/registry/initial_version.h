#pragma once

#include <filesystem>
#include <functional>

#include "server/registry/registry.h"

namespace fovea::server {

// Activates a version when the server starts: the file `model` if it is not empty; otherwise the
// stored champion; in a new data directory the file that `find_bundled` returns. A file is
// published as a new version, together with `<stem>.features.safetensors` beside it, unless a
// version has the same bytes. Throws FormatError or IoError naming the file.
void activate_initial_version(Registry& registry, const std::filesystem::path& model,
                              const std::function<std::filesystem::path()>& find_bundled);

}  // namespace fovea::server
