#include "server/judging/plan_json.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

std::vector<int> count(const RetrainPlan& plan, const std::vector<const Picture*>& pictures) {
  std::vector<int> counts(plan.classes.size());
  for (const Picture* picture : pictures) ++counts[static_cast<std::size_t>(plan.label(*picture))];
  return counts;
}

}  // namespace

Json plan_json(const RetrainPlan& plan) {
  const std::vector<std::string> fresh(plan.classes.begin() + plan.old_classes, plan.classes.end());
  return {{"mode", to_string(plan.mode)},
          {"why", plan.why},
          {"notes", plan.notes},
          {"epochs", plan.recipe.epochs},
          {"classes", plan.classes},
          {"new_classes", fresh},
          {"new_images", plan.fresh.train.size()},
          {"old_images", plan.old.train.size()},
          {"replayed_images", plan.mode == RetrainMode::full ? plan.replayed : 0},
          {"shown_images", plan.shown()},
          {"lr", plan.recipe.lr},
          {"batch", plan.recipe.batch},
          {"distillation", plan.recipe.distillation},
          {"freeze_statistics", plan.recipe.freeze_statistics},
          {"seed", plan.recipe.seed}};
}

Json plan_classes_json(const RetrainPlan& plan) {
  const std::vector<int> train = count(plan, plan.fresh.train), val = count(plan, plan.fresh.val),
                         test = count(plan, plan.fresh.test), old = count(plan, plan.old.train);
  Json classes = Json::array();
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    classes.push_back({{"name", plan.classes[c]},
                       {"new", c >= static_cast<std::size_t>(plan.old_classes)},
                       {"train", train[c]},
                       {"val", val[c]},
                       {"test", test[c]},
                       {"old", old[c]}});
  }
  return classes;
}

}  // namespace fovea::server
