#include "server/api/evaluations.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/model/feature_statistics.h"
#include "engine/report/evaluation_json.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/job_reply.h"
#include "server/http/problem.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

StoredVersion version_of(const Request& request, App& app) {
  return app.registry.find(request.params.at(0).second);
}

Json head(int version, const Json& id) {
  const std::string name = id.is_string() ? id.get<std::string>() : id.dump();
  return {{"id", id}, {"version", version}, {"url", evaluations_url(version) + "/" + name}};
}

// The document is as its file has it: what it lacks is not told.
Json of_model(const StoredVersion& version, const Json& document) {
  Json body = head(version.number, kOfModel);
  body["source"] = "came with the model";
  const auto told = [&](const char* key) {
    const Json::json_pointer at(std::string("/data/") + key);
    return document.contains(at) ? document.at(at) : Json();
  };
  if (const Json split = told("split"); split.is_string()) body["split"] = split;
  if (const Json revision = told("revision"); revision.is_string()) {
    body["data_revision"] = revision;
  }
  if (const Json count = told("count"); count.is_number_unsigned()) body["count"] = count;
  body["created"] = iso_time(version.created);
  return body;
}

Json of_job(const Evaluation& evaluation) {
  Json body = head(evaluation.version, evaluation.id);
  body["source"] = "job " + std::to_string(evaluation.job);
  body["job"] = evaluation.job;
  body["split"] = evaluation.split;
  body["data_revision"] = evaluation.data_revision;
  body["count"] = evaluation.count;
  body["created"] = iso_time(evaluation.created);
  return body;
}

}  // namespace

Json stored_with_model(App& app, const StoredVersion& version) {
  if (version.removed) return Json(Json::value_t::discarded);
  const auto file = app.registry.features_file(version);
  if (!file) return Json(Json::value_t::discarded);
  return parse_evaluation(read_feature_statistics(*file).evaluation);
}

Evaluation numbered_evaluation(App& app, const StoredVersion& version, const std::string& id) {
  std::int64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  auto found = app.store->jobs().get_evaluation(number);
  if (!found || found->version != version.number || std::to_string(number) != id) {
    throw no_evaluation(version, id);
  }
  return std::move(*found);
}

HttpError no_evaluation(const StoredVersion& version, const std::string& id) {
  return {404, version_title(version.number) + " has no evaluation " + id};
}

std::string evaluations_url(int version) {
  return "/api/v1/models/" + std::to_string(version) + "/evaluations";
}

Reply start_evaluation(const Request& request, App& app) {
  Json options = read_object(request);
  options["version"] = version_of(request, app).number;
  if (!options.contains("split")) options["split"] = "test";
  return submit_job(request, app, "evaluate", options);
}

Reply list_evaluations(const Request& request, App& app) {
  const StoredVersion version = version_of(request, app);
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 100, 20));
  Json list = Json::array();
  for (const Evaluation& evaluation : app.store->jobs().evaluations(version.number, limit)) {
    list.push_back(of_job(evaluation));
  }
  const Json stored = stored_with_model(app, version);
  if (stored.is_object()) list.push_back(of_model(version, stored));
  return json_reply({{"version", version.number}, {"evaluations", std::move(list)}});
}

Reply show_evaluation(const Request& request, App& app) {
  const StoredVersion version = version_of(request, app);
  const std::string& id = request.params.at(1).second;
  if (id == kOfModel) {
    Json document = stored_with_model(app, version);
    if (!document.is_object()) throw no_evaluation(version, id);
    Json body = of_model(version, document);
    body["evaluation"] = std::move(document);
    return json_reply(body);
  }
  const Evaluation found = numbered_evaluation(app, version, id);
  Json body = of_job(found);
  body["evaluation"] = parse_evaluation(found.evaluation);
  return json_reply(body);
}

}  // namespace fovea::server
