#include "server/api/input.h"

#include <cmath>

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/text/json.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

constexpr std::size_t kMaxJson = 8 << 20;
constexpr int kMaxDepth = 16;
constexpr int kMaxNames = 1000;  // adding n members to an ordered object takes O(n^2)
constexpr std::size_t kMaxText = 1000;

// JSON does not distinguish 3 and 3.0, and some clients write the latter.
void convert_whole_numbers(Json& json) {
  constexpr double kMaxExact = 9e15;  // doubles below represent every whole number
  if (json.is_structured()) {
    for (Json& member : json) convert_whole_numbers(member);
  } else if (json.is_number_float()) {
    const auto value = json.get<double>();
    if (std::abs(value) <= kMaxExact && std::floor(value) == value) {
      json = static_cast<std::int64_t>(value);
    }
  }
}

}  // namespace

std::int64_t read_number(const Request& request, std::string_view name, std::int64_t low,
                         std::int64_t high, std::int64_t otherwise) {
  const auto text = find_field(request.query, name);
  if (!text) return otherwise;
  const auto value = parse_number<std::int64_t>(*text);
  if (!value || *value < low || *value > high) {
    throw HttpError(
        400, fmt::format("{}={} is not a whole number from {} to {}", name, *text, low, high));
  }
  return *value;
}

std::optional<std::chrono::system_clock::time_point> read_since(const Request& request) {
  constexpr std::int64_t kTenYears = std::int64_t{10} * 366 * 24;  // hours
  const std::int64_t hours = read_number(request, "hours", 1, kTenYears, 0);
  if (hours == 0) return std::nullopt;
  return std::chrono::system_clock::now() - std::chrono::hours(hours);
}

Page read_page(const Request& request, int max_limit, int default_limit, std::int64_t max_before) {
  return {static_cast<int>(read_number(request, "limit", 1, max_limit, default_limit)),
          read_number(request, "before", 1, max_before, 0)};
}

std::string next_page(const std::string& path, const Page& page, std::int64_t last_id) {
  return fmt::format("{}?limit={}&before={}", path, page.limit, last_id);
}

Json parse_object(std::string_view text) {
  if (text.size() > kMaxJson) {
    throw HttpError(413,
                    fmt::format("the JSON has {} bytes, the limit is {}", text.size(), kMaxJson));
  }
  int names = 0;
  const auto check = [&names](int depth, Json::parse_event_t event, Json&) {
    if (depth > kMaxDepth) {
      throw HttpError(400, fmt::format("the JSON is nested deeper than {}", kMaxDepth));
    }
    if (event == Json::parse_event_t::key && ++names > kMaxNames) {
      throw HttpError(400, fmt::format("the JSON has more than {} names", kMaxNames));
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
  convert_whole_numbers(body);
  return body;
}

std::string read_text(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (!found->is_string()) throw HttpError(400, fmt::format("\"{}\" is not a string", name));
  auto text = found->get<std::string>();
  if (text.size() > kMaxText) {
    throw HttpError(
        400, fmt::format("\"{}\" has {} bytes, the limit is {}", name, text.size(), kMaxText));
  }
  return text;
}

std::vector<Part> read_parts(const Request& request, const MultipartLimits& limits) {
  const std::string_view type = request.field("Content-Type").value_or("");
  return reject_malformed(
      400, [&] { return parse_multipart(request.body, multipart_boundary(type), limits); });
}

std::string file_name_of(const Part& part) {
  constexpr std::size_t kLongest = 255;  // of a file system
  return std::string(cut(part.file_name.value_or(""), kLongest));
}

}  // namespace fovea::server
