#pragma once

#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace fovea {

// The JSON of the model file, read strictly. Only for the sources of engine/model.
using Json = nlohmann::json;

// Throws FormatError naming `what`: bad syntax, bad UTF-8, a repeated key, nesting above 16.
Json parse_json(std::string_view text, const std::string& what);

// Valid UTF-8 without control characters, so that it can be stored and printed.
bool is_plain_text(std::string_view text);

// The fields of one JSON object. Every getter throws FormatError, naming `where` and the key, when
// the field is missing, of another type or outside its range. done() throws when a key is left
// over.
class JsonFields {
 public:
  JsonFields(const Json& object, std::string where);

  int integer(const char* key, int low, int high);
  float number(const char* key, float low, float high);
  bool boolean(const char* key);
  std::string text(const char* key);
  const Json& list(const char* key, std::size_t max_size);
  void done() const;

 private:
  const Json& get(const char* key);
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

  const Json& object_;
  std::string where_;
  std::set<std::string> used_;
};

}  // namespace fovea
