#include <fmt/format.h>
#include <map>

#include "engine/core/error.h"
#include "engine/report/gate_json.h"
#include "engine/report/retrain_json.h"
#include "server/jobs/model_job_handler.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

// The options of each kind of job and their allowed values.
const std::map<std::string, OptionRanges>& option_ranges() {
  static const std::map<std::string, OptionRanges> ranges = [] {
    OptionRanges retrain = retrain_option_ranges();
    retrain["promote"] = {.words = {"auto", "never"}};
    return std::map<std::string, OptionRanges>{
        {"retrain", retrain},
        {"evaluate", {{"version", {1, 2e9, true}}, {"split", {.words = {"test", "val", "train"}}}}},
        {"import", {{"source", {.words = {"cifar10"}}}}}};
  }();
  return ranges;
}

}  // namespace

void check_job_options(const std::string& kind, const Json& options) {
  const auto ranges = option_ranges().find(kind);
  if (ranges == option_ranges().end()) {
    throw JobRefusal(
        422, fmt::format(R"("kind" cannot be "{}": expected retrain, evaluate or import)", kind));
  }
  for (const char* required : {"source", "version"}) {
    if (ranges->second.contains(required) && !options.contains(required)) {
      throw JobRefusal(422, fmt::format(R"("{}" is missing)", required));
    }
  }
  try {
    check_options(options, ranges->second);
    read_gate_options(options.value("gate", Json()));
  } catch (const ConfigError& error) {
    throw JobRefusal(422, error.what());
  }
}

}  // namespace fovea::server
