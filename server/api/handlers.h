#pragma once

#include <memory>
#include <string>

#include "server/http/router.h"

namespace fovea::server {

// The functions behind the routes. `show_` answers GET. Each may be called from any thread.

// health.cpp
Reply show_alive(const Request& request, App& app);  // the process turns: always 200
Reply show_ready(const Request& request, App& app);  // 503 while draining

// model.cpp
Reply show_model(const Request& request, App& app);
Reply show_weights(const Request& request, App& app);  // the model file itself

// predict.cpp
void predict(std::shared_ptr<const Request> request, App& app, Respond respond);

// page.cpp: files of the page, or 404
Reply show_page(const Request& request, App& app);

// ancestor.cpp: the paths and field names that older clients use
Reply show_ancestor_health(const Request& request, App& app);
void ancestor_predict(std::shared_ptr<const Request> request, App& app, Respond respond);

}  // namespace fovea::server
