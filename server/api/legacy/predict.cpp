#include <algorithm>
#include <unordered_map>

#include "server/api/handlers.h"
#include "server/api/predict_input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr const char* kNotAllowed = "File type not allowed: send a PNG or JPEG image";

// By the first bytes, because a file name can be anything.
bool is_jpeg_or_png(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.starts_with("\xff\xd8\xff") || text.starts_with("\x89PNG\r\n\x1a\n");
}

std::vector<ImageFile> read_form_images(const Request& request, std::string_view part) {
  const auto type = request.field("Content-Type").value_or("");
  if (!iequals(type.substr(0, 20), "multipart/form-data;")) {
    throw HttpError(400, "No file provided");
  }
  return read_images(request, part);
}

ImageFile read_one_image(const Request& request) {
  std::vector<ImageFile> images = read_form_images(request, "file");
  if (images[0].name.empty()) throw HttpError(400, "No file selected");
  if (!is_jpeg_or_png(images[0].bytes)) throw HttpError(400, kNotAllowed);
  return std::move(images[0]);
}

// REQUIRES: the prediction is ok.
Json prediction_json(const PredictTask& task, std::size_t index) {
  const Prediction& prediction = task.predictions[index];
  const auto& classes = task.model->classifier.classes();
  const int best = task.best_class(index);
  // Two classes may differ only in the case of their first letter: the later one counts.
  std::unordered_map<std::string, std::size_t> places;
  JsonMembers probabilities;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto [place, is_new] = places.try_emplace(capitalized(classes[i]), probabilities.size());
    if (is_new) probabilities.emplace_back(place->first, nullptr);
    probabilities[place->second].second = prediction.probabilities[i];
  }
  const Timing& timing = prediction.timing;
  return {{"predicted_class", capitalized(classes[best])},
          {"predicted_class_index", best},
          {"confidence", prediction.probabilities[best]},
          {"prediction_time_ms", timing.decode + timing.queue + timing.compute},
          {"timestamp", iso_time(std::chrono::system_clock::now())},
          {"all_probabilities", object_of(std::move(probabilities))},
          {"file_name", task.images[index].name}};
}

Reply legacy_reply(const PredictTask& task) {
  if (task.predictions[0].status != Prediction::Status::ok) {
    throw HttpError(400, task.images[0].name + ": " + task.predictions[0].error);
  }
  Json body = prediction_json(task, 0);
  if (!task.recorded) body["recorded"] = false;
  return json_reply(body);
}

// `errors`: files that were rejected before the classification.
Reply legacy_batch_reply(const PredictTask& task, Json errors) {
  Json predictions = Json::array();
  for (std::size_t i = 0; i < task.images.size(); ++i) {
    if (task.predictions[i].status == Prediction::Status::ok) {
      predictions.push_back(prediction_json(task, i));
    } else {
      errors.push_back({{"filename", task.images[i].name}, {"error", task.predictions[i].error}});
    }
  }
  Json body = {{"total_processed", predictions.size()},
               {"total_errors", errors.size()},
               {"predictions", std::move(predictions)},
               {"errors", std::move(errors)}};
  if (!task.recorded) body["recorded"] = false;
  return json_reply(body);
}

}  // namespace

Reply show_legacy_health(const Request&, App& app) {
  return json_reply({{"status", "healthy"},
                     {"model_loaded", app.model_or_null() != nullptr},
                     {"uptime_seconds", seconds_since(app.runtime->running_since)},
                     {"timestamp", iso_time(std::chrono::system_clock::now())},
                     {"version", FOVEA_VERSION}});
}

void legacy_predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  app.pipeline.start(
      make_task(request, app.model(), {read_one_image(*request)}, "legacy", app.options.threshold),
      legacy_reply, respond);
}

void legacy_predict_batch(std::shared_ptr<const Request> request, App& app, Respond respond) {
  const std::vector<ImageFile> files = read_form_images(*request, "files");
  if (std::all_of(files.begin(), files.end(), [](auto& file) { return file.name.empty(); })) {
    throw HttpError(400, "No file selected");
  }
  std::vector<ImageFile> images;
  Json errors = Json::array();
  for (const ImageFile& file : files) {
    if (is_jpeg_or_png(file.bytes)) {
      images.push_back(file);
    } else {
      errors.push_back({{"filename", file.name}, {"error", kNotAllowed}});
    }
  }
  if (images.empty()) return respond(legacy_batch_reply({}, std::move(errors)));
  app.pipeline.start(
      make_task(request, app.model(), std::move(images), "legacy", app.options.threshold),
      [errors = std::move(errors)](const PredictTask& task) {
        return legacy_batch_reply(task, errors);
      },
      respond);
}

}  // namespace fovea::server
