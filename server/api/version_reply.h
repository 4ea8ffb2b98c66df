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

// What `handler` answers, or the problem that it threw: a Refusal, 404 for an unknown version, 409
// for one that is not in a state for this, 500 for one whose file is damaged.
Reply with_version_problems(const Request& request, App& app,
                            const std::function<Reply()>& handler);

}  // namespace fovea::server
