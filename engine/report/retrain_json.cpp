#include "engine/report/retrain_json.h"

#include "engine/core/error.h"
#include "engine/model/json.h"
#include "engine/report/gate_json.h"

namespace fovea {
namespace {

std::vector<int> count(const RetrainPlan& plan, const std::vector<const ImageRecord*>& images) {
  std::vector<int> counts(plan.classes.size());
  for (const ImageRecord* image : images) ++counts[plan.label(*image)];
  return counts;
}

template <class T>
void read_optional(const Json& json, const char* key, std::optional<T>& into) {
  if (const auto found = json.find(key); found != json.end()) into = found->get<T>();
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

const OptionRanges& retrain_option_ranges() {
  static const OptionRanges ranges{{"mode", {.words = {"auto", "full", "frozen"}}},
                                   {"epochs", {1, 1000, true}},
                                   {"lr", {1e-8, 10}},
                                   {"replay", {0, 1e7, true}},
                                   {"batch", {1, 65536, true}},
                                   {"seed", {0, 9e15, true}},
                                   {"distillation", {0, 1}},
                                   {"freeze_statistics", {.words = {"auto", "yes", "no"}}},
                                   {"fine_tune", {.boolean = true}},
                                   {"gate", {.object = true}}};
  return ranges;
}

RetrainOptions read_retrain_options(const Json& json) {
  Json known = Json::object();
  for (const auto& [name, range] : retrain_option_ranges()) {
    if (const auto found = json.find(name); found != json.end()) known[name] = *found;
  }
  check_options(known, retrain_option_ranges());
  RetrainOptions options;
  options.mode = json.value("mode", options.mode);
  options.freeze_statistics = json.value("freeze_statistics", options.freeze_statistics);
  read_optional(json, "epochs", options.epochs);
  read_optional(json, "batch", options.batch);
  read_optional(json, "replay", options.replay);
  read_optional(json, "lr", options.lr);
  read_optional(json, "distillation", options.distillation);
  read_optional(json, "seed", options.seed);
  options.gate = read_gate_options(json.value("gate", Json()));
  return options;
}

}  // namespace fovea
