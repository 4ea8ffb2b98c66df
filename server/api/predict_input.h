#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/serve/predict_task.h"

namespace fovea::server {

// The images of a request: the parts of that name of a multipart form (other parts are ignored), or
// the body itself. They point into the request. Throws HttpError: 400 for an empty body and for a
// form that is malformed or has no such part, 415 for any other Content-Type.
std::vector<ImageFile> read_images(const Request& request, std::string_view part = "file");

// The `threshold` of the query, or the default. Throws HttpError unless it is from 0 to 1.
double read_threshold(const Request& request, double otherwise);

// A task for images that point into the request.
std::shared_ptr<PredictTask> make_task(const std::shared_ptr<const Request>& request,
                                       std::shared_ptr<const ServedModel> model,
                                       std::vector<ImageFile> images, std::string api,
                                       double threshold);

}  // namespace fovea::server
