#include "server/api/predict_input.h"

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/input.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

// curl --data-binary sends the type of a form. The format of the image is detected from its bytes.
bool is_image_body(std::string_view type) {
  return type.empty() || iequals(type.substr(0, 6), "image/") ||
         iequals(type, "application/octet-stream") ||
         iequals(type, "application/x-www-form-urlencoded");
}

std::vector<ImageFile> read_form(const Request& request, std::string_view part_name) {
  std::vector<ImageFile> images;
  for (const Part& part : read_parts(request)) {
    if (part.name != part_name) continue;
    images.push_back({file_name_of(part), bytes_of(part.data)});
  }
  if (images.empty()) {
    throw HttpError(400, fmt::format("the form has no part named \"{}\"", part_name));
  }
  return images;
}

}  // namespace

std::vector<ImageFile> read_images(const Request& request, std::string_view part) {
  const std::string_view field = request.field("Content-Type").value_or("");
  const std::string_view type = trim(field.substr(0, field.find(';')), " ");
  if (request.body.empty()) throw HttpError(400, "the request has no body; send an image");
  if (iequals(type, "multipart/form-data")) return read_form(request, part);
  if (!is_image_body(type)) {
    throw HttpError(415, fmt::format("Content-Type {} is not supported; send multipart/form-data "
                                     "with parts named \"file\", or an image as image/jpeg, "
                                     "image/png, image/webp, image/gif or image/bmp",
                                     type));
  }
  return {{"body", bytes_of(request.body)}};
}

double read_threshold(const Request& request, double otherwise) {
  const auto text = find_field(request.query, "threshold");
  if (!text) return otherwise;
  const auto value = parse_number<double>(*text);
  if (!value || !(*value >= 0 && *value <= 1)) {
    throw HttpError(400, fmt::format("threshold={} is not a number from 0 to 1", *text));
  }
  return *value;
}

std::shared_ptr<PredictTask> make_task(const std::shared_ptr<const Request>& request,
                                       std::shared_ptr<const ServedModel> model,
                                       std::vector<ImageFile> images, std::string api,
                                       double threshold) {
  auto task = std::make_shared<PredictTask>();
  task->model = std::move(model);
  task->images = std::move(images);
  task->owner = request;
  task->request_id = request->id;
  task->api = std::move(api);
  task->threshold = threshold;
  return task;
}

}  // namespace fovea::server
