#pragma once

#include <filesystem>
#include <functional>

#include "server/registry/registry.h"

namespace fovea::server {

// Puts a model into service when the server starts: the file that was `named`; without one (empty)
// the stored champion; in a new data directory the one `bundled` finds. A file becomes a version,
// with `<stem>.features.safetensors` beside it, unless one is this very file already. Throws
// FormatError and IoError naming the file.
void start_registry(Registry& registry, const std::filesystem::path& named,
                    const std::function<std::filesystem::path()>& bundled);

}  // namespace fovea::server
