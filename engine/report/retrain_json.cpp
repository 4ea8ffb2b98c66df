#include "engine/report/retrain_json.h"

#include "engine/core/error.h"
#include "engine/report/gate_json.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

std::vector<int> count(const RetrainPlan& plan, const std::vector<const ImageRecord*>& images) {
  std::vector<int> counts(plan.classes.size());
  for (const ImageRecord* image : images) ++counts[plan.label(*image)];
  return counts;
}

template <class T>
void take(const Json& json, const char* key, std::optional<T>& into) {
  const auto found = json.find(key);
  if (found == json.end()) return;
  if (!found->is_number())
    throw ConfigError("\"" + std::string(key) + "\" is not a number: " + found->dump());
  into = found->get<T>();
}

}  // namespace

Json plan_json(const RetrainPlan& plan) {
  const std::vector<std::string> new_classes(plan.classes.begin() + plan.old_classes,
                                             plan.classes.end());
  return {{"mode", to_string(plan.mode)},
          {"why", plan.reason},
          {"notes", plan.notes},
          {"epochs", plan.recipe.epochs},
          {"classes", plan.classes},
          {"new_classes", new_classes},
          {"new_images", plan.new_images.train.size()},
          {"old_images", plan.old_images.train.size()},
          {"replayed_images", plan.mode == RetrainMode::full ? plan.replayed : 0},
          {"shown_images", plan.images_per_epoch()},
          {"lr", plan.recipe.lr},
          {"batch", plan.recipe.batch},
          {"distillation", plan.recipe.distillation},
          {"freeze_statistics", plan.recipe.freeze_statistics},
          {"seed", plan.recipe.seed}};
}

Json plan_classes_json(const RetrainPlan& plan) {
  const std::vector<int> train = count(plan, plan.new_images.train),
                         val = count(plan, plan.new_images.val),
                         test = count(plan, plan.new_images.test),
                         old = count(plan, plan.old_images.train);
  Json classes = Json::array();
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    classes.push_back({{"name", plan.classes[c]},
                       {"new", static_cast<int>(c) >= plan.old_classes},
                       {"train", train[c]},
                       {"val", val[c]},
                       {"test", test[c]},
                       {"old", old[c]}});
  }
  return classes;
}

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

}  // namespace fovea
