#pragma once

#include <span>

#include "server/http/static_files.h"

namespace fovea::server {

// The page built into this binary, sorted by path; empty when it was not built beforehand. Defined
// by the source that cmake/embed.cmake writes.
std::span<const EmbeddedFile> embedded_page();

}  // namespace fovea::server
