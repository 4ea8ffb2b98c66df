#include <limits>

#include <fmt/core.h>

#include "server/api/audit.h"
#include "server/api/handlers.h"
#include "server/api/history_query.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/dataset/export.h"
#include "server/http/target.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr int kCsvBatch = 500;  // predictions read from the disk at a time

[[noreturn]] void no_prediction(std::int64_t id) {
  throw HttpError(404, fmt::format("there is no prediction {}", id));
}

// The path of the next page, with the same filters.
std::string next_page(const App& app, const Request& request, std::int64_t last) {
  std::string query;
  for (const auto& [name, value] : request.query) {
    if (name != "before") query += percent_encode(name) + '=' + percent_encode(value) + '&';
  }
  return fmt::format("{}/predictions?{}before={}", app.api, query, last);
}

// Replaces bytes that are not UTF-8; file names may contain any bytes.
std::string valid_utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

// A quoted CSV field. An apostrophe precedes text that a spreadsheet would evaluate as a formula.
std::string csv_text(const std::string& text) {
  std::string field = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) {
    field += '\'';
  }
  for (const char c : text) {
    field += c;
    if (c == '"') field += c;
  }
  return field + '"';
}

constexpr const char* kCsvHead =
    "id,time,request_id,source,file,model,version,weights_sha256,label,probability,uncertain,"
    "right_label,image_sha256,decode_ms,queue_ms,compute_ms,probabilities\r\n";

void add_csv_line(std::string& lines, const PredictionRecord& record) {
  const Json json = prediction_json(record);
  for (const char* name : {"id", "time", "request_id", "source", "file", "model", "version",
                           "weights_sha256", "label", "probability", "uncertain", "right_label"}) {
    const Json& value = json[name];
    if (value.is_string()) {
      lines += csv_text(valid_utf8(value));
    } else if (!value.is_null()) {
      lines += value.dump();
    }
    lines += ',';
  }
  lines += csv_text(record.image_sha256);
  for (const char* stage : {"decode", "queue", "compute"}) {
    lines += ',' + json["timing_ms"][stage].dump();
  }
  lines += ',' +
           csv_text(json["probabilities"].dump(-1, ' ', false, Json::error_handler_t::replace)) +
           "\r\n";
}

}  // namespace

Reply list_predictions(const Request& request, App& app) {
  const Page page = read_page(request, 1000, 50);
  auto records = app.store->predictions().newest(read_filter(request), page.limit + 1, page.before);
  const bool more = records.size() > static_cast<std::size_t>(page.limit);
  if (more) records.pop_back();
  Json list = Json::array();
  for (const PredictionRecord& record : records) list.push_back(prediction_json(record));
  Json body = {{"predictions", std::move(list)}};
  body["next"] = more ? Json(next_page(app, request, records.back().id)) : Json();
  return json_reply(body);
}

Reply export_predictions(const Request& request, App& app) {
  const auto pull = [&store = app.store->predictions(), filter = read_filter(request),
                     before = std::int64_t{0},
                     first = true]() mutable -> std::optional<std::string> {
    const auto records = store.newest(filter, kCsvBatch, before);
    if (!first && records.empty()) return std::nullopt;
    std::string lines = first ? kCsvHead : "";
    first = false;
    for (const PredictionRecord& record : records) add_csv_line(lines, record);
    before = records.empty() ? 1 : records.back().id;
    return lines;
  };
  return download_reply("text/csv; charset=utf-8", "predictions.csv", pull);
}

Reply show_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const auto record = app.store->predictions().find(id);
  if (!record) no_prediction(id);
  return json_reply(prediction_json(*record));
}

Reply show_predicted_image(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const auto bytes = app.store->predictions().image(id);
  if (!bytes) {
    if (!app.store->predictions().find(id)) no_prediction(id);
    throw HttpError(404, fmt::format("the image of prediction {} is not stored", id));
  }
  Reply reply;
  reply.fields = {{"Content-Type", std::string(image_type(*bytes))},
                  {"Cache-Control", "private, max-age=3600"}};
  reply.body.assign(bytes->begin(), bytes->end());
  return reply;
}

Reply delete_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const AuditEntry entry =
      audit_entry(request, "delete prediction", fmt::format("prediction {}", id), Json::object());
  if (!app.runtime->reserve.use([&] { return app.store->predictions().remove(id, &entry); })) {
    no_prediction(id);
  }
  return json_reply({{"deleted", 1}});
}

Reply delete_predictions(const Request& request, App& app) {
  if (find_field(request.query, "confirm") != "all") {
    throw HttpError(400, "this deletes the whole history; confirm it with ?confirm=all");
  }
  const AuditEntry entry =
      audit_entry(request, "delete predictions", "all predictions", Json::object());
  const std::int64_t count =
      app.runtime->reserve.use([&] { return app.store->predictions().remove_all(&entry); });
  return json_reply({{"deleted", count}});
}

}  // namespace fovea::server
