#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/insight_answers.h"
#include "server/api/insight_reply.h"
#include "server/api/version_reply.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kTenYears = std::int64_t{10} * 366 * 24;  // hours

InsightQuestion read_question(const Request& request, App& app) {
  InsightQuestion question;
  if (const auto named = find_field(request.query, "version")) {
    question.version = app.registry.find(std::string(*named));
  }
  if (const auto id = find_field(request.query, "evaluation")) {
    if (id->empty()) throw HttpError(400, "evaluation is empty; it is a number or model");
    question.evaluation = *id;
  }
  const std::int64_t hours = read_number(request, "hours", 1, kTenYears, 0);
  if (hours > 0) {
    question.since = std::chrono::system_clock::now() - std::chrono::hours(hours);
  }
  return question;
}

bool is_of_evaluation(const InsightKind& kind) {
  return std::holds_alternative<FromEvaluation>(kind.make);
}

// What the chart cannot be asked.
void require_fitting(const InsightKind& kind, const InsightQuestion& question) {
  if (!question.evaluation.empty() && !is_of_evaluation(kind)) {
    throw HttpError(
        400, std::string(kind.name) + " is not made from an evaluation; leave out evaluation");
  }
  if (kind.all_versions && question.version) {
    throw HttpError(
        400, std::string(kind.name) + " is about the answers of all versions; leave out version");
  }
}

// Without a name, the one in service.
int version_of(const InsightQuestion& question, App& app) {
  return question.version ? question.version->number : app.model()->number;
}

// What the addresses of a chart end in, so that they mean the same version and evaluation.
std::string query_of(const InsightKind& kind, const InsightQuestion& question, int version) {
  const std::string of_version = "?version=" + std::to_string(version);
  if (is_of_evaluation(kind) && !question.evaluation.empty()) {
    return of_version + "&evaluation=" + question.evaluation;
  }
  return question.version && !kind.all_versions ? of_version : "";
}

Json head(const InsightKind& kind, const std::string& query, const InsightAnswer& answer) {
  const std::string path = std::string("/api/v1/insights/") + kind.name;
  const bool drawable = is_drawable(answer.insight.chart);
  const std::string& caveat = answer.insight.caveat;
  return {{"name", kind.name},
          {"title", kind.title},
          {"has_data", drawable},
          {"sentence", answer.insight.sentence},
          {"caveat", caveat.empty() ? Json() : Json(caveat)},
          {"url", path + query},
          {"png", drawable ? Json(path + ".png" + query) : Json()}};
}

}  // namespace

Reply list_insights(const Request& request, App& app) {
  const InsightQuestion question = read_question(request, app);
  const int version = version_of(question, app);
  InsightAnswers answers(app, question);
  Json list = Json::array();
  for (const InsightKind& kind : insight_kinds()) {
    list.push_back(head(kind, query_of(kind, question, version), answers.about(kind)));
  }
  return json_reply({{"version", version}, {"insights", std::move(list)}});
}

Reply show_insight(const Request& request, App& app) {
  const InsightKind& kind = insight_kind(request);
  const InsightQuestion question = read_question(request, app);
  require_fitting(kind, question);
  const InsightAnswer answer = InsightAnswers(app, question).about(kind);
  Json body = head(kind, query_of(kind, question, version_of(question, app)), answer);
  body["source"] = answer.source.json ? *answer.source.json : Json();
  body["data"] = answer.insight.chart.panels.empty() ? Json() : chart_json(answer.insight.chart);
  return json_reply(body);
}

Reply draw_insight(const Request& request, App& app) {
  const InsightKind& kind = insight_kind(request);
  const InsightQuestion question = read_question(request, app);
  require_fitting(kind, question);
  return png_reply(request, app, kind, question);
}

}  // namespace fovea::server
