#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/time_text.h"
#include "server/api/uploads.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

std::string capitalised(std::string name) {
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

// By content: a name can say anything.
bool is_jpeg_or_png(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, 3) == "\xff\xd8\xff" || text.substr(0, 8) == "\x89PNG\r\n\x1a\n";
}

Upload read_one_upload(const Request& request) {
  const auto type = request.field("Content-Type").value_or("");
  if (!same_name(type.substr(0, 20), "multipart/form-data;")) {
    throw Refusal(400, "No file provided");
  }
  std::vector<Upload> uploads = read_uploads(request);
  if (uploads[0].file.empty()) throw Refusal(400, "No file selected");
  if (!is_jpeg_or_png(uploads[0].bytes)) {
    throw Refusal(400, "File type not allowed: send a PNG or JPEG picture");
  }
  return std::move(uploads[0]);
}

Reply ancestor_reply(const Request& request, const ServedModel& served,
                     const std::vector<Upload>& uploads,
                     const std::vector<Prediction>& predictions) {
  const Prediction& prediction = predictions[0];
  if (prediction.status != Prediction::Status::ok) {
    return problem(request, 400, uploads[0].file + ": " + prediction.error);
  }
  const auto& classes = served.classifier.classes();
  const int best = top_k(prediction.probabilities, 1)[0];
  Json probabilities = Json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    probabilities[capitalised(classes[i])] = prediction.probabilities[i];
  }
  const Timing& timing = prediction.timing;
  return json_reply({{"predicted_class", capitalised(classes[best])},
                     {"predicted_class_index", best},
                     {"confidence", prediction.probabilities[best]},
                     {"prediction_time_ms", timing.decode + timing.queue + timing.compute},
                     {"timestamp", iso_time(std::chrono::system_clock::now())},
                     {"all_probabilities", std::move(probabilities)},
                     {"file_name", uploads[0].file}});
}

}  // namespace

Reply show_ancestor_health(const Request&, App& app) {
  return json_reply({{"status", "healthy"},
                     {"model_loaded", app.model() != nullptr},
                     {"uptime_seconds", seconds_since(app.started)},
                     {"timestamp", iso_time(std::chrono::system_clock::now())},
                     {"version", FOVEA_VERSION}});
}

void ancestor_predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  try {
    classify_uploads(request, app, {read_one_upload(*request)}, ancestor_reply, respond);
  } catch (const Refusal& refusal) {
    respond(problem(*request, refusal.status, refusal.what()));
  }
}

}  // namespace fovea::server
