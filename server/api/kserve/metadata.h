#pragma once

#include <memory>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

// The model in service, if the path's {model} and {version} name it. Throws HttpError (404).
std::shared_ptr<const ServedModel> served_v2_model(const Request& request, const App& app);

}  // namespace fovea::server
