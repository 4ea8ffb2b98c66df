#include <limits>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "server/api/handlers.h"
#include "server/api/history_query.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/http/target.h"
#include "server/store/audit_log.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCsvPage = 500;  // predictions read from the disk at a time

HttpError unknown(std::int64_t id) {
  return {404, "there is no prediction " + std::to_string(id)};
}

// The same request for the page after `last`.
std::string next_page(const Request& request, std::int64_t last) {
  std::string query;
  for (const auto& [name, value] : request.query) {
    if (name != "before") query += percent_encode(name) + '=' + percent_encode(value) + '&';
  }
  return "/api/v1/predictions?" + query + "before=" + std::to_string(last);
}

std::string_view image_type(const std::vector<std::uint8_t>& bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.substr(0, 2) == "BM") return "image/bmp";
  return text.substr(0, 4) == "\x89PNG" ? "image/png" : "image/jpeg";
}

// A file's name may be any bytes; the table is UTF-8, as everything else that goes out.
std::string valid_text(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Text in a CSV field: quoted, and with an apostrophe before what a spreadsheet would compute.
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

void add_csv_line(std::string& lines, const PredictionRecord& record) {
  const Json json = prediction_json(record);
  for (const char* name : {"id", "time", "request_id", "source", "file", "model", "version",
                           "weights_sha256", "label", "probability", "uncertain", "right_label"}) {
    const Json& value = json[name];
    if (value.is_string()) {
      lines += csv_text(valid_text(value));
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

constexpr const char* kCsvHead =
    "id,time,request_id,source,file,model,version,weights_sha256,label,probability,uncertain,"
    "right_label,image_sha256,decode_ms,queue_ms,compute_ms,probabilities\r\n";

void audit(App& app, const Request& request, const std::string& action, const std::string& subject,
           const Json& detail) {
  app.store->audit().append({0, {}, request.actor, action, subject, detail.dump()});
}

}  // namespace

Reply list_predictions(const Request& request, App& app) {
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 1000, 50));
  const std::int64_t before =
      read_number(request, "before", 1, std::numeric_limits<std::int64_t>::max(), 0);
  auto records = app.store->predictions().newest(read_filter(request), limit + 1, before);
  const bool more = records.size() > static_cast<std::size_t>(limit);
  if (more) records.pop_back();
  Json list = Json::array();
  for (const PredictionRecord& record : records) list.push_back(prediction_json(record));
  Json body = {{"predictions", std::move(list)}};
  body["next"] = more ? Json(next_page(request, records.back().id)) : Json();
  return json_reply(body);
}

Reply export_predictions(const Request& request, App& app) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/csv; charset=utf-8"},
                  {"Content-Disposition", "attachment; filename=\"predictions.csv\""},
                  {"Cache-Control", "no-store"}};
  std::int64_t before = 0;
  bool begun = false;
  const auto pull = [&app, filter = read_filter(request), before,
                     begun]() mutable -> std::optional<std::string> {
    const auto records = app.store->predictions().newest(filter, kCsvPage, before);
    std::string lines;
    if (!begun) lines = kCsvHead;
    if (begun && records.empty()) return std::nullopt;
    begun = true;
    for (const PredictionRecord& record : records) add_csv_line(lines, record);
    before = records.empty() ? 1 : records.back().id;
    return lines;
  };
  reply.stream = make_pull_stream(pull);
  return reply;
}

Reply show_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const auto record = app.store->predictions().find(id);
  if (!record) throw unknown(id);
  return json_reply(prediction_json(*record));
}

Reply show_predicted_image(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  const auto bytes = app.store->predictions().image(id);
  if (!bytes) {
    if (!app.store->predictions().find(id)) throw unknown(id);
    throw HttpError(404, "the image of prediction " + std::to_string(id) + " is not kept");
  }
  Reply reply;
  reply.fields = {{"Content-Type", std::string(image_type(*bytes))},
                  {"Cache-Control", "private, max-age=3600"}};
  reply.body.assign(bytes->begin(), bytes->end());
  return reply;
}

Reply delete_prediction(const Request& request, App& app) {
  const std::int64_t id = read_id(request);
  if (!app.store->predictions().remove(id)) throw unknown(id);
  audit(app, request, "delete prediction", "prediction " + std::to_string(id), Json::object());
  return json_reply({{"deleted", 1}});
}

Reply delete_predictions(const Request& request, App& app) {
  if (find_field(request.query, "confirm") != "all") {
    throw HttpError(400, "this deletes the whole history; say so with ?confirm=all");
  }
  const std::int64_t count = app.store->predictions().remove_all();
  audit(app, request, "delete predictions", "all predictions", {{"deleted", count}});
  return json_reply({{"deleted", count}});
}

}  // namespace fovea::server
