#include <algorithm>

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/handlers.h"
#include "server/api/predict_input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

// The number of classes in `top`.
int read_top_k(const Request& request, int classes) {
  const auto text = find_field(request.query, "top_k");
  if (!text) return classes;
  const auto k = parse_number<int>(*text);
  if (!k || *k < 1) {
    throw HttpError(400, fmt::format("top_k={} is not a whole number of at least 1", *text));
  }
  return std::min(*k, classes);
}

// Whether the response contains activation maps. Throws HttpError if the model has none.
bool read_explain(const Request& request, const Classifier& classifier) {
  const auto text = find_field(request.query, "explain");
  if (!text || *text == "false") return false;
  if (*text != "true") {
    throw HttpError(400, fmt::format("explain={} is neither true nor false", *text));
  }
  if (!classifier.can_explain()) {
    throw HttpError(409,
                    "explain=true: the active model has no activation maps, because its "
                    "network does not end in an average over all positions");
  }
  return true;
}

Json activation_map_json(const Tensor& map, const std::string& label) {
  Json values = Json::array();
  for (const Scalar value : map.values()) values.push_back(shortest_decimal(value));
  return {{"label", label},
          {"height", map.shape().h},
          {"width", map.shape().w},
          {"values", std::move(values)}};
}

Json result_json(const PredictTask& task, std::size_t index, int k) {
  const Prediction& prediction = task.predictions[index];
  const std::string& file = task.images[index].name;
  if (prediction.status != Prediction::Status::ok) {
    return {{"file", file}, {"error", prediction.error}};
  }
  const auto& classes = task.model->classifier.classes();
  Json top = Json::array();
  for (const int label : top_k(prediction.probabilities, k)) {
    top.push_back({{"label", classes[label]},
                   {"index", label},
                   {"probability", shortest_decimal(prediction.probabilities[label])}});
  }
  Json result = {{"file", file},
                 {"label", top[0]["label"]},
                 {"index", top[0]["index"]},
                 {"probability", top[0]["probability"]},
                 {"uncertain", task.uncertain(index)},
                 {"top", std::move(top)},
                 {"timing_ms",
                  {{"decode", prediction.timing.decode},
                   {"queue", prediction.timing.queue},
                   {"compute", prediction.timing.compute}}}};
  if (task.model->classifier.recognises_unknown()) {
    result["unknown"] = task.unknown(index);
    result["distance"] = shortest_decimal(prediction.distance);
  }
  if (!prediction.activation_map.empty()) {
    result["activation_map"] =
        activation_map_json(prediction.activation_map, result["label"].get<std::string>());
  }
  if (task.ids[index] > 0) result["prediction"] = task.ids[index];
  return result;
}

Reply predict_reply(const Request& request, const PredictTask& task, int k) {
  Json results = Json::array();
  std::size_t bad = 0;
  const std::size_t count = task.images.size();
  for (std::size_t i = 0; i < count; ++i) {
    bad += task.predictions[i].status != Prediction::Status::ok;
    results.push_back(result_json(task, i, k));
  }
  Json body = {{"id", request.id},
               {"model", task.model->name},
               {"version", task.model->version},
               {"weights_sha256", task.model->classifier.weights_sha256()},
               {"threshold", task.threshold},
               {"recorded", task.recorded},
               {"results", std::move(results)}};
  if (bad < count) return json_reply(body);
  body.erase("recorded");
  std::string detail = task.images[0].name + ": " + task.predictions[0].error;
  if (bad > 1) detail = fmt::format("none of the {} files is a readable image; {}", bad, detail);
  return problem(request, 422, detail, body);
}

}  // namespace

void predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  const auto model = app.model();
  const int k = read_top_k(*request, static_cast<int>(model->classifier.classes().size()));
  const double threshold = read_threshold(*request, app.options.threshold);
  const bool explain = read_explain(*request, model->classifier);
  const auto task = make_task(request, model, read_images(*request), "v1", threshold);
  task->explain = explain;
  app.pipeline.start(
      task, [request, k](const PredictTask& done) { return predict_reply(*request, done, k); },
      respond);
}

}  // namespace fovea::server
