#pragma once

#include <memory>

#include "server/app/projects.h"
#include "server/http/message.h"

namespace fovea::server {

// A model of the protocol: the active one of a project. The name of the model is that of the
// project; in the default project it is that of its active model.
struct V2Model {
  Projects::Lease project;
  std::shared_ptr<const ServedModel> served;
  std::string name;
};
// The model that {model} and {version} of the path name. Throws HttpError 404 if there is none.
V2Model find_v2_model(const Request& request, App& app);

}  // namespace fovea::server
