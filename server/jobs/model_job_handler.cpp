#include "server/jobs/model_job_handler.h"

#include <fmt/format.h>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/model/model_file.h"
#include "engine/report/retrain_json.h"
#include "engine/retrain/retrain_plan.h"
#include "server/jobs/backbone_training.h"
#include "server/jobs/first_training.h"
#include "server/jobs/job_protocol.h"
#include "server/jobs/resources.h"
#include "server/jobs/retrain_estimate.h"
#include "server/registry/manifest.h"
#include "server/registry/registry.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", (bytes + (1 << 20) - 1) >> 20);
}

// Memory or disk space in bytes: the most that a job may need, and what is available.
struct Budget {
  std::uint64_t needed = 0, available = 0;
  std::string shortage;  // error text; empty: enough is available
};

// Six times the model file: the checkpoint (weights, average, two moments), the result, and its
// copy in files/.
Budget disk_budget(const fs::path& data_dir, std::uint64_t model_bytes) {
  constexpr std::uint64_t kModels = 6;
  Budget budget{kModels * model_bytes, available_disk(data_dir), ""};
  if (budget.available < budget.needed) {
    budget.shortage =
        fmt::format("not enough disk space in {}: the job needs {}, {} available",
                    data_dir.string(), mebibytes(budget.needed), mebibytes(budget.available));
  }
  return budget;
}

Budget memory_budget(std::uint64_t needed, const JobEnvironment& environment) {
  Budget budget{needed, available_memory(environment.system), ""};
  if (budget.available < budget.needed) {
    budget.shortage = fmt::format(
        "not enough memory: the retraining needs up to {}, {} available; reduce \"replay\" or "
        "\"batch\"",
        mebibytes(budget.needed), mebibytes(budget.available));
  }
  return budget;
}

// Jobs that cannot complete are not started: a worker must not be killed halfway for lack of
// memory.
void require(const Budget& budget) {
  if (!budget.shortage.empty()) throw JobRefusal(507, budget.shortage);
}

Json budget_json(const Budget& budget) {
  return {{"needed", budget.needed}, {"available", budget.available}};
}

StoredVersion find_version(Registry& registry, const std::string& name) {
  try {
    StoredVersion version = registry.find(name);
    require_files(version);
    return version;
  } catch (const UnknownVersion& error) {
    throw JobRefusal(404, error.what());
  } catch (const VersionConflict& error) {
    throw JobRefusal(409, error.what());
  }
}

void require_images(const JobEnvironment& environment) {
  if (Dataset::exists(dataset_folder(environment.data_dir, environment.dataset))) return;
  throw JobRefusal(422, "there are no training images yet: upload images or import CIFAR-10");
}

// The training data of a version, from the manifest that its retraining wrote.
ChampionData training_data_of(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  ChampionData data;
  const auto time = manifest.find("data_time"), classes = manifest.find("classes_elsewhere");
  if (time != manifest.end() && time->is_number_integer())
    data.data_time = time->get<std::int64_t>();
  if (classes != manifest.end() && classes->is_number_integer()) {
    data.external_classes = classes->get<int>();
  }
  return data;
}

struct FirstInputs {
  Dataset dataset;
  FirstTrainingPlan plan;
};

FirstInputs first_inputs(const JobEnvironment& environment, const FirstModel& first,
                         const Json& options) {
  Dataset dataset = Dataset::open(dataset_folder(environment.data_dir, environment.dataset));
  try {
    FirstTrainingPlan plan = plan_first_training(first.preset, dataset, options);
    return {std::move(dataset), std::move(plan)};
  } catch (const ConfigError& error) {
    throw JobRefusal(422, error.what());
  }
}

struct BackboneInputs {
  Dataset dataset;
  BackboneTrainingPlan plan;
  fs::path file;  // of the backbone
};

BackboneInputs backbone_inputs(const JobEnvironment& environment, const fs::path& champion,
                               const Json& options) {
  require_images(environment);
  BackboneInputs inputs{
      Dataset::open(dataset_folder(environment.data_dir, environment.dataset)), {}, {}};
  const std::string& name = environment.settings.backbone;
  try {
    inputs.file = installed_backbone(environment.data_dir, name);
    const auto classes =
        champion.empty() ? std::vector<std::string>() : read_model(read_file(champion)).classes;
    inputs.plan =
        plan_backbone_training(name, inputs.dataset, classes, options, environment.threads);
  } catch (const ConfigError& error) {
    throw JobRefusal(422, error.what());
  } catch (const IoError& error) {
    throw JobRefusal(409, error.what());
  }
  return inputs;
}

void refuse_fine_tuning(const Json& options) {
  if (!options.value("fine_tune", false)) return;
  throw JobRefusal(409, "\"fine_tune\" does not apply: the project has no pretrained network");
}

struct Budgets {
  Budget memory, disk;
};

template <class Inputs>
Budgets budgets_of(const Inputs& inputs, const JobEnvironment& environment) {
  return {
      memory_budget(memory_needed(inputs.plan, inputs.dataset, environment.threads), environment),
      disk_budget(environment.data_dir, model_bytes(inputs.plan))};
}

void require(const Budgets& budgets) {
  require(budgets.disk);
  require(budgets.memory);
}

// `champion`: the number of the version, or null. `plan`: the members that depend on the training.
Json body_of_plan(Json champion, const Dataset& dataset, const Json& plan, const Budgets& budgets) {
  Json body = {{"kind", "retrain"},
               {"champion", std::move(champion)},
               {"data_revision", dataset.revision()}};
  body.update(plan);
  body["memory_bytes"] = budget_json(budgets.memory);
  body["disk_bytes"] = budget_json(budgets.disk);
  Json shortages = Json::array();
  for (const Budget& budget : {budgets.memory, budgets.disk}) {
    if (!budget.shortage.empty()) shortages.push_back(budget.shortage);
  }
  body["lacking"] = std::move(shortages);
  return body;
}

}  // namespace

// The plan holds pointers into the dataset.
struct ModelJobHandler::RetrainInputs {
  Model model;
  Dataset dataset;
  RetrainPlan plan;
};

// The version that the job works on; nullopt: the project has none, and the job needs none.
std::optional<StoredVersion> ModelJobHandler::version_for(const std::string& kind,
                                                          const Json& options) const {
  if (kind == "evaluate") {
    return find_version(registry_, std::to_string(options["version"].get<int>()));
  }
  if (!registry_.aliases().contains("champion")) return std::nullopt;
  return find_version(registry_, "champion");
}

FirstModel ModelJobHandler::first_model() const {
  return {environment_.model_name, environment_.settings.preset};
}

JobSpec ModelJobHandler::prepare(const std::string& kind, const Json& options) {
  check_job_options(kind, options);
  JobSpec spec;
  spec.data_dir = environment_.data_dir;
  spec.dataset = environment_.dataset;
  spec.options = options;
  spec.options.erase("promote");  // applied by finish_retrain()
  if (kind == "evaluate") {
    spec.options.erase("version");
    if (!spec.options.contains("split")) spec.options["split"] = "test";
  }
  const auto version = version_for(kind, options);
  const bool on_backbone = kind == "retrain" && !environment_.settings.backbone.empty();
  if (!on_backbone) refuse_fine_tuning(options);
  if (kind == "retrain" && !version && !on_backbone) spec.first = first_model();
  if (kind != "import") require_images(environment_);
  if (version) {
    const fs::path model = registry_.model_path(*version);
    require(disk_budget(environment_.data_dir, fs::file_size(model)));
    spec.champion = {version->number, model, registry_.features_path(*version),
                     training_data_of(*version)};
  }
  if (on_backbone) {
    BackboneInputs inputs = backbone_inputs(environment_, spec.champion.model, spec.options);
    require(budgets_of(inputs, environment_));
    spec.backbone = {environment_.settings.backbone, std::move(inputs.file),
                     environment_.model_name};
  } else if (spec.first) {
    require(budgets_of(first_inputs(environment_, *spec.first, options), environment_));
  } else if (kind == "retrain") {
    const RetrainInputs inputs = plan_for(*version, options);
    require(memory_budget(
        memory_needed(inputs.plan, inputs.model, inputs.dataset, environment_.threads),
        environment_));
  }
  return spec;
}

ModelJobHandler::RetrainInputs ModelJobHandler::plan_for(const StoredVersion& version,
                                                         const Json& options) const {
  RetrainInputs inputs{read_model(read_file(registry_.model_path(version))),
                       Dataset::open(dataset_folder(environment_.data_dir, environment_.dataset)),
                       {}};
  const fs::path features = registry_.features_path(version);
  std::optional<FeatureStatistics> bundle;
  if (!features.empty()) bundle = read_feature_statistics(read_file(features));
  try {
    inputs.plan = plan_retrain(inputs.model, bundle ? &*bundle : nullptr, inputs.dataset,
                               training_data_of(version), read_retrain_options(options));
  } catch (const ConfigError& error) {
    throw JobRefusal(422, error.what());
  }
  return inputs;
}

Json ModelJobHandler::plan(const std::string& kind, const Json& options) {
  if (kind != "retrain") throw JobRefusal(422, "only retrain jobs can be planned");
  check_job_options(kind, options);
  const auto version = version_for(kind, options);
  if (!environment_.settings.backbone.empty()) {
    const fs::path champion = version ? registry_.model_path(*version) : fs::path();
    const BackboneInputs inputs = backbone_inputs(environment_, champion, options);
    return body_of_plan(version ? Json(version->number) : Json(), inputs.dataset,
                        backbone_plan_json(inputs.plan), budgets_of(inputs, environment_));
  }
  refuse_fine_tuning(options);
  require_images(environment_);
  if (!version) {
    const FirstInputs inputs = first_inputs(environment_, first_model(), options);
    return body_of_plan(nullptr, inputs.dataset, first_plan_json(inputs.plan),
                        budgets_of(inputs, environment_));
  }
  const RetrainInputs inputs = plan_for(*version, options);
  Json plan = plan_json(inputs.plan);
  plan["images"] = plan_classes_json(inputs.plan);
  const Budgets budgets{
      memory_budget(memory_needed(inputs.plan, inputs.model, inputs.dataset, environment_.threads),
                    environment_),
      disk_budget(environment_.data_dir, fs::file_size(registry_.model_path(*version)))};
  Json body = body_of_plan(version->number, inputs.dataset, plan, budgets);
  if (const auto estimate = estimate_retrain(store_, inputs.plan)) {
    body["estimate"] = {{"seconds", estimate->seconds}, {"job", estimate->job}};
  }
  return body;
}

}  // namespace fovea::server
