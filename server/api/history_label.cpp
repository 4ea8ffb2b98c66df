#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "server/api/handlers.h"
#include "server/api/history_query.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/store/audit_log.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

std::string read_label(const Request& request) {
  const std::string given = read_text(read_object(request), "label");
  if (given.empty()) throw HttpError(400, R"(send the right answer as {"label": "cat"})");
  return reject_malformed(400, [&] { return parse_class_name(given); });
}

// Puts the image among the training data under this label, or moves it there.
FileResult learn(App& app, const PredictionRecord& record, const std::string& label) {
  const auto bytes = app.store->predictions().image(record.id);
  if (!bytes) {
    throw HttpError(409, "the image of prediction " + std::to_string(record.id) +
                             " is no longer kept, so that it cannot be learned from; upload it to "
                             "the training data under its label");
  }
  try {
    const AddReport report = app.training.add({{record.file, *bytes, label}}, Origin::correction);
    const FileResult& verdict = report.verdicts.at(0);
    if (verdict.kind == FileResult::Kind::rejected) {
      throw HttpError(409, "the image cannot become training data: " + verdict.reason);
    }
    return verdict;
  } catch (const DatasetBusy& busy) {
    throw HttpError(409, busy.what());
  }
}

const char* verdict_name(FileResult::Kind kind) {
  return kind == FileResult::Kind::added       ? "added"
         : kind == FileResult::Kind::duplicate ? "duplicate"
                                            : "relabelled";
}

}  // namespace

// The training data first: if the power fails between the two, asking again does the rest.
Reply label_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const std::string label = read_label(request);
  const auto record = app.store->predictions().find(id);
  if (!record) throw HttpError(404, "there is no prediction " + std::to_string(id));
  const FileResult verdict = learn(app, *record, label);
  app.store->predictions().set_right_label(id, label);
  app.store->audit().append({0,
                             {},
                             request.actor,
                             "label prediction",
                             "prediction " + std::to_string(id),
                             Json({{"label", label}, {"predicted", record->label}}).dump()});
  const auto changed = app.store->predictions().find(id);
  if (!changed) throw HttpError(404, "prediction " + std::to_string(id) + " was deleted meanwhile");
  Json body = prediction_json(*changed);
  body["training"] = verdict_name(verdict.kind);
  return json_reply(body);
}

}  // namespace fovea::server
