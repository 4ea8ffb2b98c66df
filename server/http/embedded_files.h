#pragma once

#include <span>

#include "server/http/static_files.h"

namespace fovea::server {

// Files built into this binary, sorted by path. Defined by the sources that cmake/embed.cmake
// writes.
std::span<const EmbeddedFile> embedded_page();  // www/dist; empty when it was not built beforehand
std::span<const EmbeddedFile> embedded_openapi();  // server/api/openapi

}  // namespace fovea::server
