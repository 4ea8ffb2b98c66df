#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace fovea {

// The allowed values of one option in a JSON object. The ranges reject values that are certainly
// mistakes; combinations of options are checked where they are used.
struct OptionRange {
  double low = 0, high = 0;          // of a number, both inclusive
  bool whole = false;                // of a number: only whole numbers
  std::vector<std::string> words{};  // not empty: one of these strings
  bool object = false;               // a JSON object
  bool boolean = false;              // true or false
};
using OptionRanges = std::map<std::string, OptionRange>;

// Throws ConfigError naming the option that is not in `ranges` or whose value is not allowed:
// "epochs" cannot be 0: expected a whole number from 1 to 1000.
void check_options(const nlohmann::ordered_json& options, const OptionRanges& ranges);

}  // namespace fovea
