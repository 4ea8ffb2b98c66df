#include "server/api/uploads.h"

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "server/api/input.h"
#include "server/http/multipart.h"

namespace fovea::server {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_image_body(std::string_view type) {
  // curl --data-binary says it is a form; it is not, and the image's own bytes decide anyway.
  return type.empty() || iequals(type.substr(0, 6), "image/") ||
         iequals(type, "application/octet-stream") ||
         iequals(type, "application/x-www-form-urlencoded");
}

std::vector<Upload> read_form(const Request& request, std::string_view content_type,
                              std::string_view wanted) {
  std::vector<Upload> uploads;
  const auto parts = reject_malformed(
      400, [&] { return parse_multipart(request.body, multipart_boundary(content_type)); });
  for (const Part& part : parts) {
    if (part.name != wanted) continue;
    uploads.push_back({part.file_name.value_or(""), bytes_of(part.data)});
  }
  if (uploads.empty()) {
    throw HttpError(400, "the form has no part named \"" + std::string(wanted) + "\"");
  }
  return uploads;
}

// Throws when the request failed for a reason other than the bytes of its images.
void require_settled(const App& app, const Work& work) {
  for (const Prediction& prediction : work.predictions) {
    if (prediction.status == Prediction::Status::failed) throw std::runtime_error(prediction.error);
    if (prediction.status == Prediction::Status::late) {
      throw HttpError(504, "an image was still waiting for its turn " +
                               std::to_string(app.options.deadline.count()) +
                               " ms after the whole request had arrived; send fewer at once");
    }
  }
}

// The worst that happened to one of its images is how a request ended.
void count_work(Metrics& metrics, const Work& work) {
  using Status = Prediction::Status;
  Status worst = Status::ok;
  for (const Prediction& prediction : work.predictions) {
    worst = std::max(worst, prediction.status);
  }
  const char* outcome = worst == Status::ok          ? "ok"
                        : worst == Status::bad_image ? "bad_image"
                        : worst == Status::late      ? "late"
                                                     : "failed";
  metrics.inference_finished(work.model->name, work.model->version, outcome);
}

// A request on its way from its images to its answer.
struct PredictRequest {
  PredictResult classified;
  RequestSource door;
  std::shared_ptr<const void> owner;  // of the images' bytes, besides the request
  BuildReply finish;
  Respond respond;
};

void answer(PredictRequest& asked) {
  try {
    asked.respond(asked.finish(asked.classified));
  } catch (...) {
    asked.respond(std::current_exception());
  }
}

NewPrediction history_entry(const PredictRequest& asked, std::size_t index,
                            const std::shared_ptr<const PredictionModel>& model) {
  const PredictResult& classified = asked.classified;
  const Upload& upload = classified.uploads[index];
  const Prediction& prediction = classified.predictions[index];
  const auto best = static_cast<std::size_t>(top_k(prediction.probabilities, 1)[0]);
  PredictionRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = classified.request->id;
  record.source = asked.door.source;
  record.file = upload.file;
  record.image_sha256 = sha256_hex(upload.bytes);
  record.model = model;
  record.probabilities = prediction.probabilities;
  record.label = model->classes[best];
  record.probability = prediction.probabilities[best];
  record.uncertain = classified.uncertain(index);
  record.decode_ms = prediction.timing.decode;
  record.queue_ms = prediction.timing.queue;
  record.compute_ms = prediction.timing.compute;
  return {std::move(record), upload.bytes};
}

// Puts what was answered into the history, then answers.
void record(App& app, const std::shared_ptr<PredictRequest>& asked) {
  PredictResult& classified = asked->classified;
  classified.ids.assign(classified.uploads.size(), 0);
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < classified.predictions.size(); ++i) {
    if (classified.predictions[i].status == Prediction::Status::ok) good.push_back(i);
  }
  const bool refused = asked->door.whole && good.size() < classified.uploads.size();
  if (good.empty() || refused) return answer(*asked);
  const ServedModel& served = *classified.model;
  const auto model = std::make_shared<const PredictionModel>(PredictionModel{
      served.name, served.number, served.classifier.weights_sha256(), served.classifier.classes()});
  std::vector<NewPrediction> entries;
  entries.reserve(good.size());
  for (const std::size_t i : good) {
    entries.push_back(history_entry(*asked, i, model));
    const PredictionRecord& made = entries.back().record;
    app.metrics.predicted({served.name, served.version, made.label, made.probability,
                           made.uncertain, made.decode_ms, made.queue_ms, made.compute_ms});
  }
  app.recorder.record(std::move(entries),
                      [&app, asked, good = std::move(good)](std::span<const std::int64_t> ids) {
                        asked->classified.recorded = !ids.empty();
                        if (!ids.empty()) app.hub.count("predictions", ids.size());
                        for (std::size_t i = 0; i < ids.size(); ++i) {
                          asked->classified.ids[good[i]] = ids[i];
                        }
                        answer(*asked);
                      });
}

}  // namespace

std::vector<Upload> read_uploads(const Request& request, std::string_view part) {
  const std::string_view field = request.field("Content-Type").value_or("");
  std::string_view type = field.substr(0, field.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  if (request.body.empty()) throw HttpError(400, "the request has no body; send an image");
  if (iequals(type, "multipart/form-data")) return read_form(request, field, part);
  if (!is_image_body(type)) {
    throw HttpError(415, "Content-Type " + std::string(type) +
                             " is not supported; send multipart/form-data with parts named "
                             "\"file\", or an image as image/jpeg, image/png or image/bmp");
  }
  return {{"body", bytes_of(request.body)}};
}

double read_threshold(const Request& request, const App& app) {
  const auto given = find_field(request.query, "threshold");
  if (!given) return app.options.threshold;
  double value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size() || !(value >= 0 && value <= 1)) {
    throw HttpError(400, "threshold=" + std::string(*given) + " is not a number from 0 to 1");
  }
  return value;
}

bool PredictResult::uncertain(std::size_t index) const {
  const auto& p = predictions[index].probabilities;
  return double{*std::max_element(p.begin(), p.end())} < threshold;
}

void classify_uploads(std::shared_ptr<const Request> request, App& app, std::vector<Upload> uploads,
                      const RequestSource& door, BuildReply finish, Respond respond,
                      std::shared_ptr<const void> owner) {
  const auto work = std::make_shared<Work>();
  work->model = app.model();
  work->owner = request;
  for (const Upload& upload : uploads) work->images.push_back(upload.bytes);
  work->deadline = std::chrono::steady_clock::now() + app.options.deadline;
  const auto asked = std::make_shared<PredictRequest>(
      PredictRequest{{request, work->model, std::move(uploads), {}, {}, true, door.threshold},
                     door,
                     std::move(owner),
                     std::move(finish),
                     std::move(respond)});
  work->done = [asked, &app](Work& settled) {
    count_work(app.metrics, settled);
    try {
      require_settled(app, settled);
    } catch (...) {
      return asked->respond(std::current_exception());
    }
    asked->classified.predictions = std::move(settled.predictions);
    record(app, asked);
  };
  if (!app.batcher.submit(work)) {
    app.metrics.inference_rejected("queue_full");
    throw HttpError(503, "too many images are waiting; try again in a second",
                    {{"Retry-After", "1"}});
  }
}

}  // namespace fovea::server
