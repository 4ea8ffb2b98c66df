#include "engine/report/gate_json.h"

#include <map>

#include "engine/core/error.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

Json counts_json(const PairedCounts& counts) {
  Json json{{"images", counts.count}};
  if (counts.count == 0) return json;
  json["before"] = counts.accuracy_before();
  json["after"] = counts.accuracy_after();
  json["lost"] = counts.lost;
  json["won"] = counts.won;
  return json;
}

}  // namespace

Json verdict_json(const GateVerdict& verdict) {
  Json rules = Json::array();
  for (const Rule& rule : verdict.rules) {
    Json numbers = Json::object();
    for (const auto& [name, value] : rule.numbers) numbers[name] = value;
    const bool known = rule.outcome != Rule::Outcome::unknown;
    rules.push_back({{"name", rule.name},
                     {"passed", known ? Json(rule.outcome == Rule::Outcome::passed) : Json()},
                     {"text", rule.text},
                     {"numbers", std::move(numbers)}});
  }
  return {{"decision", to_string(verdict.decision)},
          {"text", verdict.text},
          {"rules", std::move(rules)},
          {"missing", verdict.missing}};
}

Json forgetting_json(const ForgettingReport& report) {
  Json classes = Json::array();
  for (const ClassChange& change : report.classes) {
    Json one{{"name", change.name}, {"new", change.is_new}, {"support", change.support}};
    if (change.support > 0) {
      if (!change.is_new) one["before"] = change.before;
      one["after"] = change.after;
    }
    if (change.support > 0 && !change.is_new) {
      one["difference"] = change.difference;
      one["interval"] = {change.low, change.high};
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
  if (!json.is_object()) throw ConfigError("gate: expected an object");
  const std::map<std::string, double*> shares{
      {"alpha", &options.alpha},
      {"min_absolute_change", &options.min_absolute_change},
      {"class_alpha", &options.class_alpha},
      {"class_max_drop", &options.class_max_drop},
      {"new_class_min_recall", &options.new_class_min_recall},
      {"max_ece_rise", &options.max_ece_rise}};
  const std::map<std::string, int*> counts{
      {"class_min_support", &options.class_min_support},
      {"new_class_min_support", &options.new_class_min_support},
      {"min_old_images", &options.min_old_images},
      {"min_old_pictures", &options.min_old_images}};  // its name in earlier versions
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    const Json& value = item.value();
    const auto wrong = [&](const char* allowed) {
      throw ConfigError("gate: \"" + key + "\" is " + value.dump() + ", allowed are " + allowed);
    };
    if (const auto share = shares.find(key); share != shares.end()) {
      const double number = value.is_number() ? value.get<double>() : -1;
      if (!(number >= 0 && number <= 1)) wrong("0 to 1");
      *share->second = number;
    } else if (const auto count = counts.find(key); count != counts.end()) {
      const double number = value.is_number_integer() ? value.get<double>() : 0;
      if (!(number >= 1 && number <= 1e6)) wrong("whole numbers from 1 to 1000000");
      *count->second = static_cast<int>(number);
    } else {
      throw ConfigError("gate: \"" + key + "\" is unknown");
    }
  }
  return options;
}

}  // namespace fovea
