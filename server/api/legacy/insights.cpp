#include <fmt/core.h>

#include "server/api/handlers.h"
#include "server/api/insight_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

InsightQuery legacy_query() {
  InsightQuery query;
  query.legacy_names = true;
  return query;
}

Json average_json(const Average& average, std::int64_t support) {
  return {{"precision", average.precision},
          {"recall", average.recall},
          {"f1-score", average.f1},
          {"support", support}};
}

// In the format of scikit-learn's classification_report(output_dict=True).
Json classification_report(const EvaluationReport& report) {
  const auto& m = report.metrics;
  Json json = Json::object();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& metrics = m.per_class[c];
    json[capitalized(report.classes[c])] =
        average_json({metrics.precision, metrics.recall, metrics.f1}, metrics.support);
  }
  json["accuracy"] = m.accuracy;
  json["macro avg"] = average_json(m.macro, m.count);
  json["weighted avg"] = average_json(m.weighted, m.count);
  return json;
}

// The evaluation on the present test split, otherwise the one stored with the model file.
EvaluationSource find_valid_evaluation(const ChartContext& context, const StoredVersion& version) {
  const std::string how = "; start an evaluation with POST /api/v1/models/champion/evaluations";
  if (auto current = find_current_evaluation(context, version)) return std::move(*current);
  try {
    EvaluationSource stored = find_stored_evaluation(context, version);
    if (stored.own) return stored;
  } catch (const NoSource&) {  // reported below
  }
  for (const Evaluation& outdated : context.store.jobs().evaluations(version.number, 1)) {
    throw HttpError(409, fmt::format("the test split has changed since the evaluation of {}{}",
                                     iso_time(outdated.created), how));
  }
  throw HttpError(404, "the active model has no evaluation" + how);
}

}  // namespace

Reply list_visualizations(const Request&, App& app) {
  InsightBuilder builder(app.chart_context(), legacy_query());
  Json list = Json::array();
  for (const InsightKind& kind : insight_kinds()) {
    if (!is_drawable(builder.build(kind).insight.chart)) continue;
    const std::string file = std::string(kind.name) + ".png";
    list.push_back(
        {{"name", kind.title}, {"filename", file}, {"url", "/static/visualizations/" + file}});
  }
  return json_reply({{"visualizations", std::move(list)}});
}

Reply draw_visualization(const Request& request, App& app) {
  return png_reply(request, app.chart_context(), insight_kind(request), legacy_query());
}

Reply show_legacy_evaluation(const Request&, App& app) {
  const StoredVersion version = app.registry.find(app.model()->number);
  const EvaluationSource found = find_valid_evaluation(app.chart_context(), version);
  const EvaluationReport& report = found.evaluation.report;
  const auto& m = report.metrics;
  return json_reply({{"accuracy", m.accuracy},
                     {"precision_macro", m.macro.precision},
                     {"precision_weighted", m.weighted.precision},
                     {"recall_macro", m.macro.recall},
                     {"recall_weighted", m.weighted.recall},
                     {"f1_macro", m.macro.f1},
                     {"f1_weighted", m.weighted.f1},
                     {"confusion_matrix", m.confusion},
                     {"classification_report", classification_report(report)},
                     {"evaluation_timestamp", iso_time(found.date)}});
}

}  // namespace fovea::server
