#include <algorithm>

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/uploads.h"
#include "server/http/problem.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// By content: a name can say anything.
bool is_jpeg_or_png(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, 3) == "\xff\xd8\xff" || text.substr(0, 8) == "\x89PNG\r\n\x1a\n";
}

std::vector<Upload> read_form_uploads(const Request& request, std::string_view part) {
  const auto type = request.field("Content-Type").value_or("");
  if (!iequals(type.substr(0, 20), "multipart/form-data;")) {
    throw HttpError(400, "No file provided");
  }
  return read_uploads(request, part);
}

constexpr const char* kNotAllowed = "File type not allowed: send a PNG or JPEG image";

Upload read_one_upload(const Request& request) {
  std::vector<Upload> uploads = read_form_uploads(request, "file");
  if (uploads[0].file.empty()) throw HttpError(400, "No file selected");
  if (!is_jpeg_or_png(uploads[0].bytes)) throw HttpError(400, kNotAllowed);
  return std::move(uploads[0]);
}

// REQUIRES: the prediction is ok.
Json prediction_json(const PredictResult& classified, std::size_t index) {
  const Prediction& prediction = classified.predictions[index];
  const auto& classes = classified.model->classifier.classes();
  const int best = top_k(prediction.probabilities, 1)[0];
  Json probabilities = Json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    probabilities[capitalized(classes[i])] = prediction.probabilities[i];
  }
  const Timing& timing = prediction.timing;
  return {{"predicted_class", capitalized(classes[best])},
          {"predicted_class_index", best},
          {"confidence", prediction.probabilities[best]},
          {"prediction_time_ms", timing.decode + timing.queue + timing.compute},
          {"timestamp", iso_time(std::chrono::system_clock::now())},
          {"all_probabilities", std::move(probabilities)},
          {"file_name", classified.uploads[index].file}};
}

Reply legacy_reply(const PredictResult& classified) {
  if (classified.predictions[0].status != Prediction::Status::ok) {
    return problem(*classified.request, 400,
                   classified.uploads[0].file + ": " + classified.predictions[0].error);
  }
  Json body = prediction_json(classified, 0);
  if (!classified.recorded) body["recorded"] = false;
  return json_reply(body);
}

// `refused` are the files that were no candidates to begin with.
Reply legacy_batch_reply(const PredictResult& classified, Json refused) {
  Json predictions = Json::array();
  for (std::size_t i = 0; i < classified.uploads.size(); ++i) {
    if (classified.predictions[i].status == Prediction::Status::ok) {
      predictions.push_back(prediction_json(classified, i));
    } else {
      refused.push_back(
          {{"filename", classified.uploads[i].file}, {"error", classified.predictions[i].error}});
    }
  }
  Json body = {{"total_processed", predictions.size()},
               {"total_errors", refused.size()},
               {"predictions", std::move(predictions)},
               {"errors", std::move(refused)}};
  if (!classified.recorded) body["recorded"] = false;
  return json_reply(body);
}

}  // namespace

Reply show_legacy_health(const Request&, App& app) {
  return json_reply({{"status", "healthy"},
                     {"model_loaded", app.model() != nullptr},
                     {"uptime_seconds", seconds_since(app.started)},
                     {"timestamp", iso_time(std::chrono::system_clock::now())},
                     {"version", FOVEA_VERSION}});
}

void legacy_predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  classify_uploads(request, app, {read_one_upload(*request)}, {"legacy", app.options.threshold},
                   legacy_reply, respond);
}

void legacy_predict_batch(std::shared_ptr<const Request> request, App& app, Respond respond) {
  std::vector<Upload> uploads;
  Json refused = Json::array();
  std::vector<Upload> given = read_form_uploads(*request, "files");
  if (std::all_of(given.begin(), given.end(), [](const Upload& upload) { return upload.file.empty(); })) {
    throw HttpError(400, "No file selected");
  }
  for (Upload& upload : given) {
    if (is_jpeg_or_png(upload.bytes)) {
      uploads.push_back(std::move(upload));
    } else {
      refused.push_back({{"filename", upload.file}, {"error", kNotAllowed}});
    }
  }
  if (uploads.empty()) return respond(legacy_batch_reply({}, std::move(refused)));
  classify_uploads(
      request, app, std::move(uploads), {"legacy", app.options.threshold},
      [refused = std::move(refused)](const PredictResult& classified) {
        return legacy_batch_reply(classified, refused);
      },
      respond);
}

}  // namespace fovea::server
