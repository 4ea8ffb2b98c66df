#include <charconv>
#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/uploads.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// The double whose shortest text is the float's shortest text: 0.1f is sent as 0.1, not as
// 0.10000000149011612, and reads back as the same float.
double shortest(Scalar value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double wide = 0;
  std::from_chars(text, end, wide);
  return wide;
}

// How many classes `top` lists. Throws Refusal.
int read_top_k(const Request& request, int classes) {
  const auto given = find_field(request.query, "top_k");
  if (!given) return classes;
  int k = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), k);
  if (error != std::errc() || end != given->data() + given->size() || k < 1) {
    throw Refusal(400, "top_k=" + std::string(*given) + " is not a whole number of at least 1");
  }
  return std::min(k, classes);
}

Json result_json(const std::string& file, const Prediction& prediction,
                 const std::vector<std::string>& classes, int k) {
  if (prediction.status != Prediction::Status::ok) {
    return {{"file", file}, {"error", prediction.error}};
  }
  Json top = Json::array();
  for (const int index : top_k(prediction.probabilities, k)) {
    top.push_back({{"label", classes[index]},
                   {"index", index},
                   {"probability", shortest(prediction.probabilities[index])}});
  }
  return {{"file", file},
          {"label", top[0]["label"]},
          {"index", top[0]["index"]},
          {"probability", top[0]["probability"]},
          {"top", std::move(top)},
          {"timing_ms",
           {{"decode", prediction.timing.decode},
            {"queue", prediction.timing.queue},
            {"compute", prediction.timing.compute}}}};
}

Reply predict_reply(const Request& request, const ServedModel& served,
                    const std::vector<Upload>& uploads, const std::vector<Prediction>& predictions,
                    int k) {
  Json results = Json::array();
  std::size_t bad = 0;
  for (std::size_t i = 0; i < uploads.size(); ++i) {
    bad += predictions[i].status != Prediction::Status::ok;
    results.push_back(result_json(uploads[i].file, predictions[i], served.classifier.classes(), k));
  }
  Json body = {{"id", request.id},
               {"model", served.name},
               {"version", served.version},
               {"weights_sha256", served.classifier.weights_sha256()},
               {"results", std::move(results)}};
  if (bad < uploads.size()) return json_reply(body);
  std::string detail = uploads[0].file + ": " + predictions[0].error;
  if (bad > 1) {
    detail =
        "none of the " + std::to_string(bad) + " files is a picture that can be read; " + detail;
  }
  return problem(request, 422, detail, body);
}

}  // namespace

void predict(std::shared_ptr<const Request> request, App& app, Respond respond) {
  try {
    const int classes = static_cast<int>(app.model()->classifier.classes().size());
    const int k = read_top_k(*request, classes);
    std::vector<Upload> uploads = read_uploads(*request);
    classify_uploads(
        request, app, std::move(uploads),
        [k](const Request& asked, const ServedModel& served, const std::vector<Upload>& files,
            const std::vector<Prediction>& predictions) {
          return predict_reply(asked, served, files, predictions, k);
        },
        respond);
  } catch (const Refusal& refusal) {
    respond(problem(*request, refusal.status, refusal.what()));
  }
}

}  // namespace fovea::server
