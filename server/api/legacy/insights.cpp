#include <nlohmann/json.hpp>

#include "server/api/evaluations.h"
#include "server/api/handlers.h"
#include "server/api/insight_answers.h"
#include "server/api/insight_reply.h"
#include "server/api/version_reply.h"
#include "server/http/problem.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

InsightQuestion of_old() {
  InsightQuestion question;
  question.legacy_names = true;
  return question;
}

Json average_json(const Average& average, std::int64_t support) {
  return {{"precision", average.precision},
          {"recall", average.recall},
          {"f1-score", average.f1},
          {"support", support}};
}

// As scikit-learn's classification_report(output_dict=True) has it.
Json classification_report(const EvaluationReport& report) {
  const auto& m = report.metrics;
  Json json = Json::object();
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassMetrics& mine = m.per_class[c];
    json[capitalized(report.classes[c])] =
        average_json({mine.precision, mine.recall, mine.f1}, mine.support);
  }
  json["accuracy"] = m.accuracy;
  json["macro avg"] = average_json(m.macro, m.count);
  json["weighted avg"] = average_json(m.weighted, m.count);
  return json;
}

// What says how good the model in service is today: measured on the present test images, or what
// came with it.
EvaluationSource evaluation_of(App& app, const StoredVersion& version) {
  const std::string how = "; start an evaluation with POST /api/v1/models/champion/evaluations";
  if (auto current = find_current_evaluation(app, version)) return std::move(*current);
  try {
    EvaluationSource stored = find_stored_evaluation(app, version);
    if (stored.own) return stored;
  } catch (const NoSource&) {  // the answer below is about more than this
  }
  for (const Evaluation& one : app.store->jobs().evaluations(version.number, 1)) {
    throw HttpError(409, "the evaluation of " + iso_time(one.created) +
                             " was not on the present test images" + how);
  }
  throw HttpError(404, "the model in service was not evaluated yet" + how);
}

}  // namespace

Reply list_visualizations(const Request&, App& app) {
  InsightAnswers answers(app, of_old());
  Json list = Json::array();
  for (const InsightKind& kind : insight_kinds()) {
    if (!is_drawable(answers.about(kind).insight.chart)) continue;
    const std::string file = std::string(kind.name) + ".png";
    list.push_back(
        {{"name", kind.title}, {"filename", file}, {"url", "/static/visualizations/" + file}});
  }
  return json_reply({{"visualizations", std::move(list)}});
}

Reply draw_visualization(const Request& request, App& app) {
  return png_reply(request, app, insight_kind(request), of_old());
}

Reply show_legacy_evaluation(const Request&, App& app) {
  const StoredVersion version = app.registry.find(app.model()->number);
  const EvaluationSource found = evaluation_of(app, version);
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
