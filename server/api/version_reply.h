#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"
#include "server/store/version_store.h"

namespace fovea::server {

// A version in the format of lists: without the long members of its manifest.
nlohmann::ordered_json version_json(const StoredVersion& version, const Aliases& aliases);

// The same with the complete manifest.
nlohmann::ordered_json whole_version_json(const StoredVersion& version, const Aliases& aliases);

// A download of a model or feature file as NAME.safetensors. Its sha256 is the entity tag; `read`
// is called unless the client's copy is current. The name may contain any characters.
Reply model_file_reply(const Request& request, const std::string& sha256, const std::string& name,
                       const std::function<SharedBytes()>& read);

}  // namespace fovea::server
