#include "engine/report/gate_json.h"

#include <map>

#include "engine/core/error.h"
#include "engine/model/json.h"
#include "engine/report/interval_json.h"
#include "engine/report/option_range.h"

namespace fovea {
namespace {

Json counts_json(const PairedCounts& counts) {
  Json json{{"images", counts.count}};
  if (counts.count == 0) return json;
  json["before"] = counts.accuracy_before();
  json["after"] = counts.accuracy_after();
  json["after_interval"] = wilson_interval(counts.after, counts.count);
  json["lost"] = counts.lost;
  json["won"] = counts.won;
  return json;
}

}  // namespace

Json verdict_json(const GateVerdict& verdict) {
  Json checks = Json::array();
  for (const GateCheck& check : verdict.checks) {
    Json numbers = Json::object();
    for (const auto& [name, value] : check.numbers) numbers[name] = value;
    const bool decided = check.result != GateCheck::Result::unknown;
    checks.push_back(
        {{"name", check.name},
         {"passed", decided ? Json(check.result == GateCheck::Result::passed) : Json()},
         {"text", check.text},
         {"numbers", std::move(numbers)}});
  }
  return {{"decision", to_string(verdict.decision)},
          {"text", verdict.text},
          {"rules", std::move(checks)},
          {"missing", verdict.missing}};
}

Json forgetting_json(const ForgettingReport& report) {
  Json classes = Json::array();
  for (const ClassChange& change : report.classes) {
    Json one{{"name", change.name}, {"new", change.is_new}, {"support", change.support}};
    if (change.support > 0) {
      if (!change.is_new) one["before"] = change.before;
      one["after"] = change.after;
      one["after_interval"] = change.after_interval;
    }
    if (change.support > 0 && !change.is_new) {
      one["difference"] = change.difference;
      one["interval"] = change.interval;
      one["p"] = change.p;
    }
    if (change.confused > 0) {
      one["confused_with"] = change.confused_with;
      one["confused"] = change.confused;
    }
    classes.push_back(std::move(one));
  }
  return {{"classes", std::move(classes)},
          {"old_classes", counts_json(report.old_classes)},
          {"new_classes", counts_json(report.new_classes)},
          {"sentences", report.sentences}};
}

GateOptions read_gate_options(const Json& json) {
  GateOptions options;
  if (json.is_null()) return options;
  if (!json.is_object()) throw ConfigError("\"gate\" is not an object");
  const std::map<std::string, double*> fractions{
      {"alpha", &options.alpha},
      {"min_absolute_change", &options.min_absolute_change},
      {"max_possible_drop", &options.max_possible_drop},
      {"class_alpha", &options.class_alpha},
      {"class_max_drop", &options.class_max_drop},
      {"new_class_min_recall", &options.new_class_min_recall},
      {"max_ece_rise", &options.max_ece_rise}};
  const std::map<std::string, int*> counts{
      {"class_min_support", &options.class_min_support},
      {"new_class_min_support", &options.new_class_min_support},
      {"min_old_images", &options.min_old_images},
      {"min_old_pictures", &options.min_old_images}};  // its name in earlier versions
  OptionRanges ranges;
  for (const auto& [name, value] : fractions) ranges[name] = {0, 1};
  for (const auto& [name, value] : counts) ranges[name] = {1, 1'000'000, true};
  try {
    check_options(json, ranges);
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("gate: ") + error.what());
  }
  for (const auto& [name, value] : json.items()) {
    if (const auto fraction = fractions.find(name); fraction != fractions.end()) {
      *fraction->second = value.get<double>();
    } else {
      *counts.at(name) = value.get<int>();
    }
  }
  return options;
}

}  // namespace fovea
