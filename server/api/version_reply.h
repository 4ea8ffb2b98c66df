#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

// A version as the lists show it: without the long parts of its manifest.
nlohmann::ordered_json version_json(const StoredVersion& version, const Aliases& aliases);

// The same with the whole manifest.
nlohmann::ordered_json whole_version_json(const StoredVersion& version, const Aliases& aliases);

// The name with only such characters as are harmless in a header field: it may come from a file.
std::string header_safe(const std::string& name);

}  // namespace fovea::server
