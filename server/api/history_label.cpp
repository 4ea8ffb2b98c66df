#include <fmt/core.h>

#include "server/api/audit.h"
#include "server/api/handlers.h"
#include "server/api/history_query.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

std::string read_label(const Request& request) {
  const std::string text = read_text(read_object(request), "label");
  if (text.empty()) throw HttpError(400, R"(the label is missing; send {"label": "cat"})");
  return reject_malformed(400, [&] { return parse_class_name(text); });
}

// Adds the image to the dataset under this label, or moves it there.
FileResult add_to_dataset(App& app, const PredictionRecord& record, const std::string& label,
                          const ChangeNote& note) {
  const auto bytes = app.store->predictions().image(record.id);
  if (!bytes) {
    throw HttpError(409, fmt::format("the image of prediction {} is no longer stored; upload it to "
                                     "the dataset with its label instead",
                                     record.id));
  }
  try {
    const AddReport report =
        app.training.add({{record.file, *bytes, label}}, Origin::correction, {}, note);
    const FileResult& result = report.verdicts.at(0);
    if (result.kind == FileResult::Kind::rejected) {
      throw HttpError(409, "the image cannot be added to the dataset: " + result.reason);
    }
    return result;
  } catch (const DatasetBusy& busy) {
    throw HttpError(409, busy.what());
  }
}

}  // namespace

// Changes the dataset before the history: if the power fails between the two, repeating the request
// completes it.
Reply label_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const std::string label = read_label(request);
  PredictionStore& store = app.store->predictions();
  const auto record = store.find(id);
  if (!record) throw HttpError(404, fmt::format("there is no prediction {}", id));
  const AuditedChange change(app, request, "label prediction");
  const FileResult result = add_to_dataset(app, *record, label, change.note());
  const AuditEntry entry =
      audit_entry(request, "label prediction", fmt::format("prediction {}", id),
                  {{"label", label}, {"predicted", record->label}, {"change", change.note().id}});
  store.set_right_label(id, label, &entry);
  app.training.forget_change(change.note().id);
  const auto labelled = store.find(id);
  if (!labelled) throw HttpError(404, fmt::format("prediction {} was deleted meanwhile", id));
  Json body = prediction_json(*labelled);
  body["training"] = kind_name(result.kind);
  return json_reply(body);
}

}  // namespace fovea::server
