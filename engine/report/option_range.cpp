#include "engine/report/option_range.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/core/error.h"
#include "engine/model/json.h"

namespace fovea {
namespace {

bool is_allowed(const Json& value, const OptionRange& range) {
  if (range.object) return value.is_object();
  if (range.boolean) return value.is_boolean();
  if (!range.words.empty()) {
    return value.is_string() && std::find(range.words.begin(), range.words.end(),
                                          value.get<std::string>()) != range.words.end();
  }
  const bool number = range.whole ? value.is_number_integer() : value.is_number();
  return number && value.get<double>() >= range.low && value.get<double>() <= range.high;
}

// "auto, full or frozen", "a whole number from 1 to 1000", "an object"
std::string describe(const OptionRange& range) {
  std::ostringstream text;
  text.precision(16);
  if (range.object) {
    text << "an object";
  } else if (range.boolean) {
    text << "true or false";
  } else if (!range.words.empty()) {
    for (std::size_t i = 0; i < range.words.size(); ++i) {
      if (i > 0) text << (i + 1 == range.words.size() ? " or " : ", ");
      text << range.words[i];
    }
  } else {
    text << "a " << (range.whole ? "whole " : "") << "number from " << range.low << " to "
         << range.high;
  }
  return text.str();
}

}  // namespace

void check_options(const Json& options, const OptionRanges& ranges) {
  for (const auto& [name, value] : options.items()) {
    const auto range = ranges.find(name);
    if (range == ranges.end()) throw ConfigError("unknown option \"" + name + "\"");
    if (!is_allowed(value, range->second)) {
      throw ConfigError("\"" + name + "\" cannot be " +
                        value.dump(-1, ' ', false, Json::error_handler_t::replace) + ": expected " +
                        describe(range->second));
    }
  }
}

}  // namespace fovea
