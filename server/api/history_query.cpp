#include "server/api/history_query.h"

#include <limits>

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/input.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

[[noreturn]] void reject(std::string_view name, std::string_view text, const char* expected) {
  throw HttpError(400, fmt::format("{}={} is not {}", name, text, expected));
}

// An empty value means no filter: HTML forms send empty fields.
std::optional<std::string_view> find_value(const Request& request, std::string_view name) {
  const auto value = find_field(request.query, name);
  return value && !value->empty() ? value : std::nullopt;
}

std::optional<bool> read_flag(const Request& request, std::string_view name) {
  const auto text = find_value(request, name);
  if (!text) return std::nullopt;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  reject(name, *text, "true or false");
}

std::optional<double> read_probability(const Request& request, std::string_view name) {
  const auto text = find_value(request, name);
  if (!text) return std::nullopt;
  const auto value = parse_number<double>(*text);
  if (!value || !(*value >= 0 && *value <= 1)) reject(name, *text, "a number from 0 to 1");
  return value;
}

std::optional<Time> read_time(const Request& request, std::string_view name) {
  const auto text = find_value(request, name);
  if (!text) return std::nullopt;
  const auto time = parse_iso_time(*text);
  if (!time) reject(name, *text, "a time like 2026-01-31T12:00:00Z or 2026-01-31");
  return time;
}

}  // namespace

PredictionFilter read_filter(const Request& request) {
  PredictionFilter filter;
  if (const auto label = find_value(request, "label")) filter.label = std::string(*label);
  if (find_value(request, "version")) {
    filter.version = read_number(request, "version", 0, std::numeric_limits<int>::max(), 0);
  }
  filter.from = read_time(request, "from");
  filter.to = read_time(request, "to");
  filter.uncertain = read_flag(request, "uncertain");
  filter.labelled = read_flag(request, "labelled");
  filter.min_probability = read_probability(request, "min_probability");
  filter.max_probability = read_probability(request, "max_probability");
  filter.search = find_value(request, "search").value_or("");
  if (filter.search.size() > 1000) throw HttpError(400, "search has more than 1000 bytes");
  return filter;
}

Json prediction_json(const PredictionRecord& record) {
  JsonMembers probabilities;
  probabilities.reserve(record.probabilities.size());
  for (std::size_t i = 0; i < record.probabilities.size(); ++i) {
    probabilities.emplace_back(record.model->classes[i], shortest_decimal(record.probabilities[i]));
  }
  return {
      {"id", record.id},
      {"time", iso_time(record.time)},
      {"request_id", record.request_id},
      {"source", record.source},
      {"file", record.file},
      {"model", record.model->name},
      {"version", record.model->version},
      {"weights_sha256", record.model->weights_sha256},
      {"label", record.label},
      {"probability", shortest_decimal(record.probability)},
      {"uncertain", record.uncertain},
      {"probabilities", object_of(std::move(probabilities))},
      {"timing_ms",
       {{"decode", record.decode_ms}, {"queue", record.queue_ms}, {"compute", record.compute_ms}}},
      {"image", {{"sha256", record.image_sha256}, {"kept", record.image_stored}}},
      {"right_label", record.right_label ? Json(*record.right_label) : Json()},
      {"labelled", record.labelled ? Json(iso_time(*record.labelled)) : Json()}};
}

std::int64_t read_id(const Request& request) {
  const std::string_view text = find_field(request.params, "id").value_or("");
  const auto id = parse_number<std::int64_t>(text);
  if (!id || *id < 1) throw HttpError(404, fmt::format("there is no prediction {}", text));
  return *id;
}

}  // namespace fovea::server
