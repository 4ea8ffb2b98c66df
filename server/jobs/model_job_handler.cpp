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
Budget disk_budget(const fs::path& data_dir, const fs::path& model) {
  constexpr std::uint64_t kModels = 6;
  Budget budget{kModels * fs::file_size(model), available_disk(data_dir), ""};
  if (budget.available < budget.needed) {
    budget.shortage =
        fmt::format("not enough disk space in {}: the job needs {}, {} available",
                    data_dir.string(), mebibytes(budget.needed), mebibytes(budget.available));
  }
  return budget;
}

Budget memory_budget(const RetrainPlan& plan, const Model& model, const Dataset& dataset,
                     const JobEnvironment& environment) {
  Budget budget{memory_needed(plan, model, dataset, environment.threads),
                available_memory(environment.system), ""};
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

}  // namespace

// The plan holds pointers into the dataset.
struct ModelJobHandler::RetrainInputs {
  Model model;
  Dataset dataset;
  RetrainPlan plan;
};

JobSpec ModelJobHandler::prepare(const std::string& kind, const Json& options) {
  check_job_options(kind, options);
  Json worker_options = options;
  std::string name = "champion";
  if (kind == "evaluate") {
    name = std::to_string(options["version"].get<int>());
    worker_options.erase("version");
    if (!worker_options.contains("split")) worker_options["split"] = "test";
  }
  worker_options.erase("promote");  // applied by finish_retrain()
  const StoredVersion version = find_version(registry_, name);
  const fs::path model = registry_.model_path(version);
  require(disk_budget(environment_.data_dir, model));
  if (kind != "import") require_images(environment_);
  if (kind == "retrain") {
    const RetrainInputs inputs = plan_for(version, options);
    require(memory_budget(inputs.plan, inputs.model, inputs.dataset, environment_));
  }
  JobSpec spec;
  spec.data_dir = environment_.data_dir;
  spec.dataset = environment_.dataset;
  spec.champion = {version.number, model, registry_.features_path(version),
                   training_data_of(version)};
  spec.options = std::move(worker_options);
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
  const StoredVersion version = find_version(registry_, "champion");
  require_images(environment_);
  const RetrainInputs inputs = plan_for(version, options);
  const Budget disk = disk_budget(environment_.data_dir, registry_.model_path(version));
  const Budget memory = memory_budget(inputs.plan, inputs.model, inputs.dataset, environment_);
  Json body = {
      {"kind", kind}, {"champion", version.number}, {"data_revision", inputs.dataset.revision()}};
  body.update(plan_json(inputs.plan));
  body["images"] = plan_classes_json(inputs.plan);
  body["memory_bytes"] = budget_json(memory);
  body["disk_bytes"] = budget_json(disk);
  Json shortages = Json::array();
  for (const Budget& budget : {memory, disk}) {
    if (!budget.shortage.empty()) shortages.push_back(budget.shortage);
  }
  body["lacking"] = std::move(shortages);
  if (const auto estimate = estimate_retrain(store_, inputs.plan)) {
    body["estimate"] = {{"seconds", estimate->seconds}, {"job", estimate->job}};
  }
  return body;
}

Json ModelJobHandler::finish(const Job& job, const fs::path& folder, const Json& result) {
  if (job.kind == "retrain") return finish_retrain(job, folder, parse_retrain_result(result));
  if (job.kind == "evaluate") return finish_evaluation(job, folder, parse_evaluate_result(result));
  return result;
}

// If the server crashed after publishing but before the job ended, the version already exists:
// return it instead of publishing a second one.
int ModelJobHandler::publish_once(const Job& job, const fs::path& folder,
                                  const RetrainResult& result, int parent) {
  for (const StoredVersion& version : registry_.newest(20)) {
    const Json manifest = parse_manifest(version.manifest);
    if (manifest.value("job", Json()) == Json(job.id) && !version.removed) return version.number;
  }
  const auto model = read_file(result_file(folder, result.model));
  std::vector<std::uint8_t> features;
  if (!result.features.empty()) features = read_file(result_file(folder, result.features));
  Json manifest = result.manifest;
  manifest["parent"] = parent;
  manifest["job"] = job.id;
  manifest["verdict"] = result.verdict;
  manifest["forgetting"] = result.forgetting;
  return registry_.publish(model, features, manifest, "job " + std::to_string(job.id));
}

Json ModelJobHandler::finish_retrain(const Job& job, const fs::path& folder,
                                     const RetrainResult& result) {
  const int parent = read_job(folder).champion.version;
  const int number = publish_once(job, folder, result, parent);
  const std::string actor = "job " + std::to_string(job.id);
  const std::string decision = result.verdict.is_object()
                                   ? result.verdict.value("decision", "cannot_judge")
                                   : "cannot_judge";
  const bool may_promote = Json::parse(job.options).value("promote", "auto") == "auto";
  const Aliases aliases = registry_.aliases();
  const auto champion = aliases.find("champion");
  const bool parent_active = champion != aliases.end() && champion->second == parent;
  // True here only if an earlier call activated the version before the server crashed.
  bool promoted = champion != aliases.end() && champion->second == number;
  std::string reason;
  if (decision != "promote") {
    reason = decision == "reject" ? "rejected by the gate" : "the gate could not decide";
  } else if (!may_promote) {
    reason = "accepted by the gate, but the job's option \"promote\" is \"never\"";
  } else if (!parent_active && !promoted) {
    reason = fmt::format("it was compared with {}, which is no longer the active version",
                         version_title(parent));
  } else if (!promoted) {
    registry_.activate(number, actor, "promoted by the gate");
    promoted = true;
  }
  if (promoted) {
    reason = "promoted by the gate";
  } else {
    registry_.set_challenger(number, actor, reason);
  }
  return {{"version", number},
          {"parent", parent},
          {"promoted", promoted},
          {"promotion", reason},
          {"verdict", result.verdict},
          {"forgetting", result.forgetting},
          {"metrics", result.manifest.value("metrics", Json())}};
}

Json ModelJobHandler::finish_evaluation(const Job& job, const fs::path& folder,
                                        const EvaluateResult& result) {
  const auto bytes = read_file(result_file(folder, result.evaluation), 64 << 20);
  Evaluation evaluation;
  evaluation.evaluation.assign(bytes.begin(), bytes.end());
  const Json document = Json::parse(evaluation.evaluation, nullptr, false);
  if (!document.is_object()) throw FormatError("the evaluation file is not a JSON object");
  const JobSpec spec = read_job(folder);
  evaluation.version = spec.champion.version;
  evaluation.job = job.id;
  evaluation.split = spec.options.value("split", "test");
  const Json data = document.value("data", Json());
  const Json revision = data.is_object() ? data.value("revision", Json()) : Json();
  evaluation.data_revision = revision.is_string() ? revision.get<std::string>() : "";
  for (const Evaluation& known : store_.evaluations(evaluation.version, 20)) {
    if (known.job == job.id) return {{"version", known.version}, {"evaluation", known.id}};
  }
  return {{"version", evaluation.version}, {"evaluation", store_.add_evaluation(evaluation)}};
}

}  // namespace fovea::server
