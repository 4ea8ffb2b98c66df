#pragma once

#include <cstdint>

#include "server/http/router.h"

namespace fovea::server {

// Bytes of a body with training data, however small --max-body-mb is.
inline constexpr std::uint64_t kUploadBody = 256 << 20;

// The whole HTTP surface, one table (routes.cpp); docs/http-api.md describes it.
Router make_router();

}  // namespace fovea::server
