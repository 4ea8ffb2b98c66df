#include "server/judging/retrain_options.h"

#include "engine/core/error.h"
#include "server/judging/verdict_json.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
void take(const Json& json, const char* key, std::optional<T>& into) {
  const auto found = json.find(key);
  if (found == json.end()) return;
  if (!found->is_number()) throw FormatError(std::string(key) + ": " + found->dump());
  into = found->get<T>();
}

}  // namespace

RetrainOptions read_retrain_options(const Json& json) {
  RetrainOptions options;
  options.mode = json.value("mode", options.mode);
  options.freeze_statistics = json.value("freeze_statistics", options.freeze_statistics);
  take(json, "epochs", options.epochs);
  take(json, "batch", options.batch);
  take(json, "replay", options.replay);
  take(json, "lr", options.lr);
  take(json, "distillation", options.distillation);
  take(json, "seed", options.seed);
  options.gate = read_gate_options(json.value("gate", Json()));
  return options;
}

}  // namespace fovea::server
