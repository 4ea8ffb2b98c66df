#include "server/jobs/job_options.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "engine/core/error.h"
#include "engine/report/gate_json.h"
#include "server/jobs/jobs.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

struct Rule {
  double low = 0, high = 0;          // of a number
  bool whole = false;                // of a number
  std::vector<std::string> words{};  // of a text
  bool object = false;
};
using Rules = std::map<std::string, Rule>;

// The ranges keep out what cannot be meant; what fits together is checked where it is used.
const std::map<std::string, Rules>& rules() {
  static const std::map<std::string, Rules> all{
      {"retrain",
       {{"mode", {.words = {"auto", "full", "frozen"}}},
        {"epochs", {1, 1000, true}},
        {"lr", {1e-8, 10, false}},
        {"replay", {0, 1e7, true}},
        {"batch", {1, 65536, true}},
        {"seed", {0, 9e15, true}},
        {"distillation", {0, 1, false}},
        {"freeze_statistics", {.words = {"auto", "yes", "no"}}},
        {"gate", {.object = true}},
        {"promote", {.words = {"auto", "never"}}}}},
      {"evaluate", {{"version", {1, 2e9, true}}, {"split", {.words = {"test", "val", "train"}}}}},
      {"import", {{"source", {.words = {"cifar10"}}}}}};
  return all;
}

[[noreturn]] void refuse(const std::string& text) {
  throw JobRefusal(422, text);
}

void check_one(const std::string& name, const Json& value, const Rule& rule) {
  const std::string given = "\"" + name + "\" cannot be " + value.dump() + ": ";
  if (rule.object) {
    if (!value.is_object()) refuse(given + "it is an object");
  } else if (!rule.words.empty()) {
    std::string list;
    for (const std::string& word : rule.words) list += (list.empty() ? "" : ", ") + word;
    const bool known = value.is_string() && std::find(rule.words.begin(), rule.words.end(),
                                                      value.get<std::string>()) != rule.words.end();
    if (!known) refuse(given + "it is one of " + list);
  } else {
    const bool fits = (rule.whole ? value.is_number_integer() : value.is_number()) &&
                      value.get<double>() >= rule.low && value.get<double>() <= rule.high;
    if (!fits) {
      std::ostringstream range;
      range.precision(16);
      range << rule.low << " to " << rule.high;
      refuse(given + "it is a " + (rule.whole ? "whole " : "") + "number from " + range.str());
    }
  }
}

}  // namespace

void check_options(const std::string& kind, const Json& options) {
  const auto of_kind = rules().find(kind);
  if (of_kind == rules().end()) {
    refuse("\"kind\" cannot be \"" + kind + "\": it is one of retrain, evaluate, import");
  }
  for (const auto& [name, value] : options.items()) {
    const auto rule = of_kind->second.find(name);
    if (rule == of_kind->second.end()) refuse("a job of kind " + kind + " has no \"" + name + "\"");
    check_one(name, value, rule->second);
  }
  for (const char* needed : {"source", "version"}) {
    if (of_kind->second.contains(needed) && !options.contains(needed)) {
      refuse(std::string("\"") + needed + "\" is missing");
    }
  }
  try {
    read_gate_options(options.value("gate", Json()));
  } catch (const ConfigError& error) {
    refuse(error.what());
  }
}

}  // namespace fovea::server
