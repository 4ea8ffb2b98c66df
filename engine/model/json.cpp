#include "engine/model/json.h"

#include <limits>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

constexpr int kMaxDepth = 16;

std::string range(const Json& low, const Json& high) {
  return "; allowed are " + low.dump() + " to " + high.dump();
}

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
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

JsonReader JsonReader::at(const std::string& key) const {
  require_object();
  used_.insert(key);
  const auto found = value_.find(key);
  const std::string path = path_.empty() ? key : path_ + "." + key;
  if (found == value_.end()) throw FormatError(prefix_ + ": " + path + " is missing");
  return {*found, prefix_, path};
}

void JsonReader::reject_unknown_keys() const {
  require_object();
  for (const auto& item : value_.items()) {
    if (!used_.contains(item.key())) fail("has the unknown key \"" + item.key() + "\"");
  }
}

std::vector<JsonReader> JsonReader::list() const {
  if (!value_.is_array()) fail("is not a list");
  std::vector<JsonReader> entries;
  entries.reserve(value_.size());
  for (std::size_t i = 0; i < value_.size(); ++i) {
    entries.emplace_back(value_[i], prefix_, path_ + "[" + std::to_string(i) + "]");
  }
  return entries;
}

std::vector<JsonReader> JsonReader::list_up_to(std::size_t max_size) const {
  if (value_.is_array() && value_.size() > max_size) {
    fail("has " + std::to_string(value_.size()) + " entries; the limit is " +
         std::to_string(max_size));
  }
  return list();
}

std::vector<JsonReader> JsonReader::list_of(std::size_t size) const {
  if (value_.is_array() && value_.size() != size) {
    fail("has " + std::to_string(value_.size()) + " entries, not " + std::to_string(size));
  }
  return list();
}

bool JsonReader::boolean() const {
  if (!value_.is_boolean()) fail("is not true or false");
  return value_.get<bool>();
}

std::string JsonReader::text() const {
  if (!value_.is_string()) fail("is not a string");
  return value_.get<std::string>();
}

std::int64_t JsonReader::integer(std::int64_t low, std::int64_t high) const {
  if (!value_.is_number_integer()) fail("is not a whole number");
  constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();
  const bool huge = value_.is_number_unsigned() &&
                    value_.get<std::uint64_t>() > static_cast<std::uint64_t>(kHighest);
  const auto number = huge ? kHighest : value_.get<std::int64_t>();
  if (huge || number < low || number > high) fail("is " + value_.dump() + range(low, high));
  return number;
}

double JsonReader::number(double low, double high) const {
  if (!value_.is_number()) fail("is not a number");
  const auto number = value_.get<double>();
  if (!(number >= low && number <= high)) fail("is " + value_.dump() + range(low, high));
  return number;
}

float JsonReader::float_number(float low, float high) const {
  if (!value_.is_number()) fail("is not a number");
  const auto number = value_.get<float>();
  if (!(number >= low && number <= high)) {
    fail("is " + value_.dump() + range(shortest_decimal(low), shortest_decimal(high)));
  }
  return number;
}

void JsonReader::fail(const std::string& problem) const {
  throw FormatError(prefix_ + (path_.empty() ? "" : ": " + path_) + " " + problem);
}

void JsonReader::require_object() const {
  if (!value_.is_object()) fail("is not an object but " + std::string(value_.type_name()));
}

}  // namespace fovea
