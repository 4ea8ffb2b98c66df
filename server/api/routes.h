#pragma once

#include "server/http/router.h"

namespace fovea::server {

// The whole HTTP surface, one table (routes.cpp); docs/http-api.md describes it.
Router make_router();

}  // namespace fovea::server
