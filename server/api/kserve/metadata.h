#pragma once

#include <memory>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

// The active model, if {model} and {version} of the path name it. Throws HttpError 404 otherwise.
std::shared_ptr<const ServedModel> active_v2_model(const Request& request, const App& app);

}  // namespace fovea::server
