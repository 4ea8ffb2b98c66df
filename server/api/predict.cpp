#include <charconv>
#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/uploads.h"
#include "server/http/problem.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// How many classes `top` lists. Throws HttpError.
int read_top_k(const Request& request, int classes) {
  const auto given = find_field(request.query, "top_k");
  if (!given) return classes;
  int k = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), k);
  if (error != std::errc() || end != given->data() + given->size() || k < 1) {
    throw HttpError(400, "top_k=" + std::string(*given) + " is not a whole number of at least 1");
  }
  return std::min(k, classes);
}

Json result_json(const PredictResult& classified, std::size_t index, int k) {
  const Prediction& prediction = classified.predictions[index];
  const std::string& file = classified.uploads[index].file;
  if (prediction.status != Prediction::Status::ok) {
    return {{"file", file}, {"error", prediction.error}};
  }
  const auto& classes = classified.model->classifier.classes();
  Json top = Json::array();
  for (const int label : top_k(prediction.probabilities, k)) {
    top.push_back({{"label", classes[label]},
                   {"index", label},
                   {"probability", shortest(prediction.probabilities[label])}});
  }
  Json result = {{"file", file},
                 {"label", top[0]["label"]},
                 {"index", top[0]["index"]},
                 {"probability", top[0]["probability"]},
                 {"uncertain", classified.uncertain(index)},
                 {"top", std::move(top)},
                 {"timing_ms",
                  {{"decode", prediction.timing.decode},
                   {"queue", prediction.timing.queue},
                   {"compute", prediction.timing.compute}}}};
  if (classified.ids[index] > 0) result["prediction"] = classified.ids[index];
  return result;
}

Reply predict_reply(const PredictResult& classified, int k) {
  const Request& request = *classified.request;
  const ServedModel& served = *classified.model;
  Json results = Json::array();
  std::size_t bad = 0;
  const std::size_t count = classified.uploads.size();
  for (std::size_t i = 0; i < count; ++i) {
    bad += classified.predictions[i].status != Prediction::Status::ok;
    results.push_back(result_json(classified, i, k));
  }
  Json body = {{"id", request.id},
               {"model", served.name},
               {"version", served.version},
               {"weights_sha256", served.classifier.weights_sha256()},
               {"threshold", classified.threshold},
               {"recorded", classified.recorded},
               {"results", std::move(results)}};
  if (bad < count) return json_reply(body);
  body.erase("recorded");
  std::string detail = classified.uploads[0].file + ": " + classified.predictions[0].error;
  if (bad > 1) {
    detail =
        "none of the " + std::to_string(bad) + " files is an image that can be read; " + detail;
  }
  return problem(request, 422, detail, body);
}

}  // namespace

void predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  const int classes = static_cast<int>(app.model()->classifier.classes().size());
  const int k = read_top_k(*request, classes);
  const double threshold = read_threshold(*request, app);
  std::vector<Upload> uploads = read_uploads(*request);
  classify_uploads(
      request, app, std::move(uploads), {"v1", threshold},
      [k](const PredictResult& classified) { return predict_reply(classified, k); }, respond);
}

}  // namespace fovea::server
