#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/report/evaluation_json.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/job_reply.h"
#include "server/app/app.h"
#include "server/charts/sources.h"
#include "server/dataset/export.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

StoredVersion find_version(const Request& request, App& app) {
  return app.registry.find(request.params.at(0).second);
}

Json head(const App& app, int version, const Json& id) {
  const std::string name = id.is_string() ? id.get<std::string>() : id.dump();
  return {
      {"id", id}, {"version", version}, {"url", evaluations_url(app.api, version) + "/" + name}};
}

// The evaluation of the model file. Members that its document lacks are left out.
Json stored_head(const App& app, const StoredVersion& version, const Json& document) {
  Json body = head(app, version.number, kModelEvaluation);
  body["source"] = "came with the model";
  const auto member = [&](const char* key) {
    const Json::json_pointer pointer(std::string("/data/") + key);
    return document.contains(pointer) ? document.at(pointer) : Json();
  };
  if (const Json split = member("split"); split.is_string()) body["split"] = split;
  if (const Json revision = member("revision"); revision.is_string()) {
    body["data_revision"] = revision;
  }
  if (const Json count = member("count"); count.is_number_unsigned()) body["count"] = count;
  body["created"] = iso_time(version.created);
  return body;
}

Json job_head(const App& app, const Evaluation& evaluation) {
  Json body = head(app, evaluation.version, evaluation.id);
  body["source"] = "job " + std::to_string(evaluation.job);
  body["job"] = evaluation.job;
  body["split"] = evaluation.split;
  body["data_revision"] = evaluation.data_revision;
  body["count"] = evaluation.count;
  body["created"] = iso_time(evaluation.created);
  return body;
}

}  // namespace

Reply start_evaluation(const Request& request, App& app) {
  Json options = read_object(request);
  options["version"] = find_version(request, app).number;
  if (!options.contains("split")) options["split"] = "test";
  return submit_job(request, app, "evaluate", options);
}

Reply list_evaluations(const Request& request, App& app) {
  const StoredVersion version = find_version(request, app);
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 100, 20));
  Json list = Json::array();
  for (const Evaluation& evaluation : app.store->jobs().evaluations(version.number, limit)) {
    list.push_back(job_head(app, evaluation));
  }
  if (const auto stored = stored_evaluation(app.chart_context(), version)) {
    list.push_back(stored_head(app, version, stored->document));
  }
  return json_reply({{"version", version.number}, {"evaluations", std::move(list)}});
}

Reply show_evaluation(const Request& request, App& app) {
  const StoredVersion version = find_version(request, app);
  const std::string& id = request.params.at(1).second;
  const ChartContext context = app.chart_context();
  if (id == kModelEvaluation) {
    const auto stored = stored_evaluation(context, version);
    if (!stored) no_evaluation(version, id);
    Json body = stored_head(app, version, stored->document);
    body["evaluation"] = stored->document;
    return json_reply(body);
  }
  const Evaluation found = numbered_evaluation(context, version, id);
  Json body = job_head(app, found);
  body["evaluation"] = parse_evaluation(found.evaluation);
  return json_reply(body);
}

Reply show_model_image(const Request& request, App& app) {
  const StoredVersion version = find_version(request, app);
  const std::string& sha256 = request.params.at(1).second;
  const auto stored = stored_evaluation(app.chart_context(), version);
  if (stored && !stored->images_error.empty()) throw FormatError(stored->images_error);
  if (!stored || !stored->images.contains(sha256)) {
    throw HttpError(404, fmt::format("{} has no image {}", version_title(version.number), sha256));
  }
  const std::vector<std::uint8_t>& file = stored->images.at(sha256);
  Reply reply;
  reply.body.assign(file.begin(), file.end());
  reply.fields = {{"Content-Type", std::string(image_type(file))},
                  {"Cache-Control", "private, max-age=86400"}};
  return reply;
}

}  // namespace fovea::server
