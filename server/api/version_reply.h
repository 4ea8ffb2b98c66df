#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/http/message.h"
#include "server/registry/registry.h"
#include "server/store/version_store.h"

namespace fovea::server {

// A version in the format of lists: without the long members of its manifest.
nlohmann::ordered_json version_json(const StoredVersion& version, const Aliases& aliases);

// The same with the complete manifest.
nlohmann::ordered_json whole_version_json(const StoredVersion& version, const Aliases& aliases);

// The version that the request's path names. Throws HttpError 410 if its files were removed, since
// they cannot come back.
StoredVersion find_with_files(const Request& request, const Registry& registry);

// The name of a version's files without extension, NAME-3. The name may contain any characters.
std::string file_stem(const StoredVersion& version);
// A Content-Disposition that suggests this file name, with unsafe characters replaced.
std::string attachment(const std::string& file);

// A download of a model or feature file as NAME.safetensors. Its sha256 is the entity tag; `read`
// is called unless the client's copy is current. The name may contain any characters.
Reply model_file_reply(const Request& request, const std::string& sha256, const std::string& name,
                       const std::function<SharedBytes()>& read);

}  // namespace fovea::server
