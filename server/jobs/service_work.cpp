#include "server/jobs/service_work.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/data/dataset.h"
#include "engine/model/model_file.h"
#include "engine/train/retrain_plan.h"
#include "server/jobs/job_files.h"
#include "server/jobs/job_options.h"
#include "server/jobs/resources.h"
#include "server/jobs/retrain_estimate.h"
#include "server/judging/plan_json.h"
#include "server/judging/retrain_options.h"
#include "server/registry/manifest.h"
#include "server/registry/registry.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

// Bytes that a job takes at most, and those that are there.
struct Budget {
  std::uint64_t needed = 0, available = 0;
  std::string lack;  // a sentence; empty: they suffice
};

// Checkpoint (weights, average, two moments), the result and its copy in files/: six models.
Budget disk_budget(const fs::path& data_dir, const fs::path& model) {
  constexpr std::uint64_t kModels = 6;
  Budget budget{kModels * fs::file_size(model), available_disk(data_dir), ""};
  if (budget.available < budget.needed) {
    budget.lack = "the job needs " + megabytes(budget.needed) + " of disk, " +
                  megabytes(budget.available) + " are left for " + data_dir.string();
  }
  return budget;
}

Budget memory_budget(const RetrainPlan& plan, const Model& model, const Dataset& dataset,
                     const WorkPlace& place) {
  Budget budget{memory_needed(plan, model, dataset, place.threads), available_memory(place.system),
                ""};
  if (budget.available < budget.needed) {
    budget.lack = "the retraining needs up to " + megabytes(budget.needed) + " of memory, " +
                  megabytes(budget.available) +
                  " are available; a smaller \"replay\" or \"batch\" needs less";
  }
  return budget;
}

// What a job would need is known before it starts: whoever asks for too much is told the numbers,
// and nothing is killed for them later.
void require(const Budget& budget) {
  if (!budget.lack.empty()) throw JobRefusal(507, budget.lack);
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

void require_pictures(const WorkPlace& place) {
  if (Dataset::exists(dataset_folder(place.data_dir, place.dataset))) return;
  throw JobRefusal(422, "there are no pictures to work with yet: upload some, or import CIFAR-10");
}

// What the version was trained from, as the job that made it has told.
ChampionData learned_by(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  ChampionData learned;
  const auto time = manifest.find("data_time"), classes = manifest.find("classes_elsewhere");
  if (time != manifest.end() && time->is_number_integer())
    learned.until = time->get<std::int64_t>();
  if (classes != manifest.end() && classes->is_number_integer()) {
    learned.elsewhere = classes->get<int>();
  }
  return learned;
}

}  // namespace

// The plan points into the dataset.
struct ServiceWork::Planned {
  Model model;
  Dataset dataset;
  RetrainPlan plan;
};

Json ServiceWork::prepare(const std::string& kind, const Json& options) {
  check_options(kind, options);
  Json passed = options;
  std::string name = "champion";
  if (kind == "evaluate") {
    name = std::to_string(options["version"].get<int>());
    passed.erase("version");
    if (!passed.contains("split")) passed["split"] = "test";
  }
  passed.erase("promote");  // decided here, when it is done
  const StoredVersion version = find_version(registry_, name);
  const ChampionData learned = learned_by(version);
  const fs::path model = registry_.model_path(version), features = registry_.features_path(version);
  require(disk_budget(place_.data_dir, model));
  if (kind != "import") require_pictures(place_);
  if (kind == "retrain") {
    const Planned planned = plan_for(version, options);
    require(memory_budget(planned.plan, planned.model, planned.dataset, place_));
  }
  return {{"data_dir", place_.data_dir.string()},
          {"dataset", place_.dataset},
          {"champion",
           {{"version", version.number},
            {"model", model.string()},
            {"features", features.empty() ? Json() : Json(features.string())},
            {"data_time", learned.until},
            {"classes_elsewhere", learned.elsewhere}}},
          {"options", std::move(passed)}};
}

ServiceWork::Planned ServiceWork::plan_for(const StoredVersion& version,
                                           const Json& options) const {
  Planned planned{read_model(read_file(registry_.model_path(version))),
                  Dataset::open(dataset_folder(place_.data_dir, place_.dataset)),
                  {}};
  const fs::path features = registry_.features_path(version);
  std::optional<FeatureBundle> bundle;
  if (!features.empty()) bundle = read_feature_bundle(read_file(features));
  try {
    planned.plan = plan_retrain(planned.model, bundle ? &*bundle : nullptr, planned.dataset,
                                learned_by(version), read_retrain_options(options));
  } catch (const FormatError& error) {
    throw JobRefusal(422, error.what());
  }
  return planned;
}

Json ServiceWork::plan(const std::string& kind, const Json& options) {
  if (kind != "retrain") throw JobRefusal(422, "only a job of kind retrain has a plan");
  check_options(kind, options);
  const StoredVersion version = find_version(registry_, "champion");
  require_pictures(place_);
  const Planned planned = plan_for(version, options);
  const Budget disk = disk_budget(place_.data_dir, registry_.model_path(version));
  const Budget memory = memory_budget(planned.plan, planned.model, planned.dataset, place_);
  Json body = {
      {"kind", kind}, {"champion", version.number}, {"data_revision", planned.dataset.revision()}};
  body.update(plan_json(planned.plan));
  body["pictures"] = plan_classes_json(planned.plan);
  body["memory_bytes"] = budget_json(memory);
  body["disk_bytes"] = budget_json(disk);
  Json lacking = Json::array();
  for (const Budget& budget : {memory, disk}) {
    if (!budget.lack.empty()) lacking.push_back(budget.lack);
  }
  body["lacking"] = std::move(lacking);
  if (const auto estimate = estimate_retrain(store_, planned.plan)) {
    body["estimate"] = {{"seconds", estimate->seconds}, {"job", estimate->job}};
  }
  return body;
}

Json ServiceWork::finish(const Job& job, const fs::path& folder, const Json& result) {
  if (job.kind == "retrain") return finish_retrain(job, folder, result);
  if (job.kind == "evaluate") return finish_evaluation(job, folder, result);
  Json kept = result;
  kept.erase("event");
  return kept;
}

// A crash between this and the job's end must not make a second version.
int ServiceWork::publish_once(const Job& job, const fs::path& folder, const Json& result,
                              std::int64_t parent) {
  for (const StoredVersion& version : registry_.newest(20)) {
    const Json manifest = parse_manifest(version.manifest);
    if (manifest.value("job", Json()) == Json(job.id) && !version.removed) return version.number;
  }
  const auto model = read_file(result_file(folder, result, "model"));
  std::vector<std::uint8_t> features;
  if (result.contains("features") && !result["features"].is_null()) {
    features = read_file(result_file(folder, result, "features"));
  }
  Json manifest = result.value("manifest", Json::object());
  if (!manifest.is_object()) throw FormatError("the manifest of the result is no object");
  manifest["parent"] = parent;
  manifest["job"] = job.id;
  manifest["verdict"] = result.value("verdict", Json());
  manifest["forgetting"] = result.value("forgetting", Json());
  return registry_.publish(model, features, manifest, "job " + std::to_string(job.id));
}

Json ServiceWork::finish_retrain(const Job& job, const fs::path& folder, const Json& result) {
  const Json description = read_job(folder);
  const std::int64_t parent = description.at("champion").at("version").get<std::int64_t>();
  const int number = publish_once(job, folder, result, parent);
  const std::string actor = "job " + std::to_string(job.id);
  const Json verdict = result.value("verdict", Json::object());
  const std::string decision =
      verdict.is_object() ? verdict.value("decision", "cannot_judge") : "cannot_judge";
  const bool may = Json::parse(job.options).value("promote", "auto") == "auto";
  const Aliases aliases = registry_.aliases();
  const auto champion = aliases.find("champion");
  const bool current = champion != aliases.end() && champion->second == parent;
  bool promoted = champion != aliases.end() && champion->second == number;  // before a crash
  std::string reason;
  if (decision != "promote") {
    reason = decision == "reject" ? "the gate rejects it" : "the gate cannot judge it";
  } else if (!may) {
    reason = "the gate would promote it; the job was told not to";
  } else if (!current && !promoted) {
    reason = "it was judged against " + version_title(static_cast<int>(parent)) +
             ", which is no longer the champion";
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
          {"verdict", verdict},
          {"forgetting", result.value("forgetting", Json())},
          {"metrics", result.value("manifest", Json::object()).value("metrics", Json())}};
}

Json ServiceWork::finish_evaluation(const Job& job, const fs::path& folder, const Json& result) {
  const auto bytes = read_file(result_file(folder, result, "evaluation"), 64 << 20);
  Evaluation evaluation;
  evaluation.evaluation.assign(bytes.begin(), bytes.end());
  const Json document = Json::parse(evaluation.evaluation, nullptr, false);
  if (!document.is_object()) throw FormatError("the evaluation is not a JSON object");
  const Json description = read_job(folder);
  evaluation.version = description.at("champion").at("version").get<int>();
  evaluation.job = job.id;
  evaluation.split = description.at("options").value("split", "test");
  const Json data = document.value("data", Json());
  const Json revision = data.is_object() ? data.value("revision", Json()) : Json();
  evaluation.data_revision = revision.is_string() ? revision.get<std::string>() : "";
  for (const Evaluation& known : store_.evaluations(evaluation.version, 20)) {
    if (known.job == job.id) return {{"version", known.version}, {"evaluation", known.id}};
  }
  return {{"version", evaluation.version}, {"evaluation", store_.add_evaluation(evaluation)}};
}

}  // namespace fovea::server
