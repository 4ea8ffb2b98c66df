#include "engine/model/json.h"

#include <cmath>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {
constexpr int kMaxDepth = 16;
}

Json parse_json(std::string_view text, const std::string& what) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) throw FormatError(what + ": JSON nested deeper than 16");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys.back().insert(parsed.get_ref<const std::string&>()).second) {
      throw FormatError(what + ": key \"" + parsed.get<std::string>() + "\" appears twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& error) {
    throw FormatError(what + ": " + error.what());
  }
}

bool is_plain_text(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  try {
    (void)Json(text).dump();  // throws on bytes that are not UTF-8
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

JsonFields::JsonFields(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) {
    throw FormatError(where_ + ": expected an object, found " + object.type_name());
  }
}

int JsonFields::integer(const char* key, int low, int high) {
  const Json& value = get(key);
  if (!value.is_number_integer()) fail(key, "is not a whole number");
  const bool huge =
      value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(INT64_MAX);
  const std::int64_t number = huge ? INT64_MAX : value.get<std::int64_t>();
  if (number < low || number > high) {
    fail(key, "is " + value.dump() + ", allowed are " + std::to_string(low) + " to " +
                  std::to_string(high));
  }
  return static_cast<int>(number);
}

float JsonFields::number(const char* key, float low, float high) {
  const Json& value = get(key);
  if (!value.is_number()) fail(key, "is not a number");
  const float number = value.get<float>();
  if (!(number >= low && number <= high)) {
    fail(key, "is " + value.dump() + ", allowed are " + Json(shortest_decimal(low)).dump() +
                  " to " + Json(shortest_decimal(high)).dump());
  }
  return number;
}

bool JsonFields::boolean(const char* key) {
  const Json& value = get(key);
  if (!value.is_boolean()) fail(key, "is not true or false");
  return value.get<bool>();
}

std::string JsonFields::text(const char* key) {
  const Json& value = get(key);
  if (!value.is_string()) fail(key, "is not a string");
  return value.get<std::string>();
}

const Json& JsonFields::list(const char* key, std::size_t max_size) {
  const Json& value = get(key);
  if (!value.is_array()) fail(key, "is not a list");
  if (value.size() > max_size) {
    fail(key, "has " + std::to_string(value.size()) + " entries, the limit is " +
                  std::to_string(max_size));
  }
  return value;
}

void JsonFields::done() const {
  for (const auto& item : object_.items()) {
    if (used_.count(item.key()) == 0) fail(item.key(), "is unknown here");
  }
}

const Json& JsonFields::get(const char* key) {
  used_.insert(key);
  const auto found = object_.find(key);
  if (found == object_.end()) fail(key, "is missing");
  return *found;
}

void JsonFields::fail(const std::string& key, const std::string& problem) const {
  throw FormatError(where_ + ": \"" + key + "\" " + problem);
}

}  // namespace fovea
