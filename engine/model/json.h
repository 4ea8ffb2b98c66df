#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace fovea {

// Strict reading of JSON from files, for the sources of engine/model and engine/report.
using Json = nlohmann::ordered_json;

// Throws FormatError that begins with `what`: bad syntax, bad UTF-8, a repeated key, nesting above
// 16.
Json parse_json(std::string_view text, const std::string& what);

// Whether it is valid UTF-8 without control characters, so that it can be stored and printed.
bool is_plain_text(std::string_view text);

// A value in a JSON document. The getters throw FormatError when the value has another type or is
// out of range; the text begins with `prefix` and the path of the value: "evaluation: roc[0].area
// is not a number". Points into the document.
class JsonReader {
 public:
  JsonReader(const Json& value, std::string prefix, std::string path = "")
      : value_(value), prefix_(std::move(prefix)), path_(std::move(path)) {}

  // Members of an object. at() throws when the key is missing.
  bool has(const std::string& key) const { return value_.is_object() && value_.contains(key); }
  JsonReader at(const std::string& key) const;
  // Throws when the object has a key that was never passed to at() of this reader.
  void reject_unknown_keys() const;

  // The entries of a list: of any length, up to max_size, or exactly `size` of them.
  std::vector<JsonReader> list() const;
  std::vector<JsonReader> list_up_to(std::size_t max_size) const;
  std::vector<JsonReader> list_of(std::size_t size) const;

  bool is_null() const { return value_.is_null(); }
  bool boolean() const;
  std::string text() const;
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  double number(double low, double high) const;
  float float_number(float low, float high) const;  // compared after rounding to float

  const Json& value() const { return value_; }
  const std::string& prefix() const { return prefix_; }
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  void require_object() const;

  const Json& value_;
  std::string prefix_, path_;
  mutable std::set<std::string> used_;  // keys passed to at()
};

}  // namespace fovea
