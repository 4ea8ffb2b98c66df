#pragma once

#include <cstdint>

#include "server/http/router.h"

namespace fovea::server {

// Limit of request bodies with images for the dataset, bytes. Not affected by --max-body-mb.
inline constexpr std::uint64_t kUploadBody = 256 << 20;

// All routes of the server, in one table (routes.cpp); docs/http-api.md describes them.
Router make_router();

}  // namespace fovea::server
