#include <fmt/core.h>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/insight_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

InsightQuery read_query(const Request& request, const Registry& registry) {
  InsightQuery query;
  if (const auto version = find_field(request.query, "version")) {
    query.version = registry.find(std::string(*version));
  }
  if (const auto id = find_field(request.query, "evaluation")) {
    if (id->empty()) throw HttpError(400, "evaluation is empty; it must be a number or model");
    query.evaluation = *id;
  }
  query.since = read_since(request);
  return query;
}

bool is_of_evaluation(const InsightKind& kind) {
  return std::holds_alternative<FromEvaluation>(kind.make);
}

// Rejects parameters that do not apply to the chart.
void require_applicable(const InsightKind& kind, const InsightQuery& query) {
  if (!query.evaluation.empty() && !is_of_evaluation(kind)) {
    throw HttpError(
        400, fmt::format("{} is not based on an evaluation; leave out evaluation", kind.name));
  }
  if (kind.all_versions && query.version) {
    throw HttpError(400, fmt::format("{} covers all versions; leave out version", kind.name));
  }
}

// Default: the active version; 0 if there is none.
int version_number(const InsightQuery& query, const App& app) {
  if (query.version) return query.version->number;
  const auto active = app.model_or_null();
  return active ? active->number : 0;
}

// The query string that makes the URL of a chart refer to the same version and evaluation.
std::string url_query(const InsightKind& kind, const InsightQuery& query, int version) {
  if (is_of_evaluation(kind) && !query.evaluation.empty()) {
    return fmt::format("?version={}&evaluation={}", version, query.evaluation);
  }
  return query.version && !kind.all_versions ? fmt::format("?version={}", version) : "";
}

Json head(const App& app, const InsightKind& kind, const std::string& url_suffix,
          const SourcedInsight& result) {
  const std::string path = app.api + "/insights/" + kind.name;
  const Insight& insight = result.insight;
  const bool drawable = is_drawable(insight.chart);
  return {{"name", kind.name},
          {"title", kind.title},
          {"has_data", drawable},
          {"sentence", insight.sentence},
          {"caveat", insight.caveat.empty() ? Json() : Json(insight.caveat)},
          {"url", path + url_suffix},
          {"png", drawable ? Json(path + ".png" + url_suffix) : Json()}};
}

}  // namespace

Reply list_insights(const Request& request, App& app) {
  const InsightQuery query = read_query(request, app.registry);
  const int version = version_number(query, app);
  InsightBuilder builder(app.chart_context(), query);
  Json list = Json::array();
  for (const InsightKind& kind : insight_kinds()) {
    list.push_back(head(app, kind, url_query(kind, query, version), builder.build(kind)));
  }
  return json_reply(
      {{"version", version > 0 ? Json(version) : Json()}, {"insights", std::move(list)}});
}

Reply show_insight(const Request& request, App& app) {
  const InsightKind& kind = insight_kind(request);
  const InsightQuery query = read_query(request, app.registry);
  require_applicable(kind, query);
  const SourcedInsight result = InsightBuilder(app.chart_context(), query).build(kind);
  Json body = head(app, kind, url_query(kind, query, version_number(query, app)), result);
  body["source"] = result.source.json ? *result.source.json : Json();
  body["data"] = result.insight.chart.panels.empty() ? Json() : chart_json(result.insight.chart);
  return json_reply(body);
}

Reply draw_insight(const Request& request, App& app) {
  const InsightKind& kind = insight_kind(request);
  const InsightQuery query = read_query(request, app.registry);
  require_applicable(kind, query);
  return png_reply(request, app.chart_context(), kind, query);
}

}  // namespace fovea::server
