#include "server/api/input.h"

#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxJson = 8 << 20;
constexpr int kMaxDepth = 16;
constexpr int kMaxNames = 1000;  // an ordered object looks through all it has for each new one
constexpr std::size_t kMaxText = 1000;

// JSON has one kind of number, and some clients write 3 as 3.0.
void write_whole_numbers(Json& json) {
  constexpr double kMost = 9e15;  // every whole number up to here is a double
  if (json.is_structured()) {
    for (Json& member : json) write_whole_numbers(member);
  } else if (json.is_number_float()) {
    const auto value = json.get<double>();
    if (std::abs(value) <= kMost && std::floor(value) == value) {
      json = static_cast<std::int64_t>(value);
    }
  }
}

}  // namespace

std::int64_t read_number(const Request& request, std::string_view name, std::int64_t low,
                         std::int64_t high, std::int64_t otherwise) {
  const auto given = find_field(request.query, name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const char* end = given->data() + given->size();
  const auto [read, error] = std::from_chars(given->data(), end, value);
  if (error != std::errc() || read != end || value < low || value > high) {
    throw HttpError(400, std::string(name) + "=" + std::string(*given) +
                             " is not a whole number from " + std::to_string(low) + " to " +
                             std::to_string(high));
  }
  return value;
}

Json parse_object(std::string_view text) {
  if (text.size() > kMaxJson) {
    throw HttpError(413, "the JSON has " + std::to_string(text.size()) + " bytes, the limit is " +
                             std::to_string(kMaxJson));
  }
  int names = 0;
  const auto check = [&names](int depth, Json::parse_event_t event, Json&) {
    if (depth > kMaxDepth) {
      throw HttpError(400, "the JSON is nested deeper than " + std::to_string(kMaxDepth));
    }
    if (event == Json::parse_event_t::key && ++names > kMaxNames) {
      throw HttpError(400, "the JSON has more than " + std::to_string(kMaxNames) + " names");
    }
    return true;
  };
  Json object = Json::parse(text, check, false);
  if (!object.is_object()) throw HttpError(400, "the body is not a JSON object");
  return object;
}

Json read_object(const Request& request) {
  if (request.body.empty()) return Json::object();
  Json body = parse_object(request.body);
  write_whole_numbers(body);
  return body;
}

std::string read_text(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (!found->is_string()) throw HttpError(400, "\"" + std::string(name) + "\" is not a text");
  auto text = found->get<std::string>();
  if (text.size() > kMaxText) {
    throw HttpError(400, "\"" + std::string(name) + "\" has " + std::to_string(text.size()) +
                             " bytes, the limit is " + std::to_string(kMaxText));
  }
  return text;
}

}  // namespace fovea::server
