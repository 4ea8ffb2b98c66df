#pragma once

#include <string>
#include <vector>

#include "server/app/app.h"

namespace fovea::server {

// The names of the pretrained networks in the data directory of a server, which projects and pages
// can train on. `app`: the default project.
std::vector<std::string> installed_backbones(const App& app);

}  // namespace fovea::server
