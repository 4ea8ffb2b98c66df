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

std::int64_t unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Checkpoint (weights, average, two moments), the result and its copy in files/: six models.
void require_disk(const fs::path& data_dir, const fs::path& model) {
  constexpr std::uint64_t kModels = 6;
  const std::uint64_t needed = kModels * fs::file_size(model);
  const std::uint64_t available = available_disk(data_dir);
  if (available < needed) {
    throw JobRefusal(507, "the job needs " + megabytes(needed) + " of disk, " +
                              megabytes(available) + " are left for " + data_dir.string());
  }
}

// What the retraining would need is known before it starts: whoever asks for too much is told the
// numbers, and nothing is killed for them later.
void require_memory(const RetrainPlan& plan, const Model& model, const Dataset& dataset,
                    int threads, const SystemFolders& system) {
  const std::uint64_t needed = memory_needed(plan, model, dataset, threads);
  const std::uint64_t available = available_memory(system);
  if (available < needed) {
    throw JobRefusal(507, "the retraining needs up to " + megabytes(needed) + " of memory, " +
                              megabytes(available) +
                              " are available; a smaller \"replay\" or \"batch\" needs less");
  }
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

// What the version was trained from: pictures that came later are new to it.
std::int64_t data_time(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto time = manifest.find("data_time");
  return time != manifest.end() && time->is_number_integer() ? time->get<std::int64_t>() : 0;
}

}  // namespace

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
  const fs::path model = registry_.model_path(version), features = registry_.features_path(version);
  require_disk(place_.data_dir, model);
  if (kind != "import" && !Dataset::exists(dataset_folder(place_.data_dir, place_.dataset))) {
    throw JobRefusal(422,
                     "there are no pictures to work with yet: upload some, or import CIFAR-10");
  }
  if (kind == "retrain") check_retrain(version, options);
  return {{"data_dir", place_.data_dir.string()},
          {"dataset", place_.dataset},
          {"champion",
           {{"version", version.number},
            {"model", model.string()},
            {"features", features.empty() ? Json() : Json(features.string())},
            {"data_time", data_time(version)}}},
          {"options", std::move(passed)}};
}

void ServiceWork::check_retrain(const StoredVersion& version, const Json& options) const {
  const Dataset dataset = Dataset::open(dataset_folder(place_.data_dir, place_.dataset));
  const Model model = read_model(read_file(registry_.model_path(version)));
  const fs::path features = registry_.features_path(version);
  std::optional<FeatureBundle> bundle;
  if (!features.empty()) bundle = read_feature_bundle(read_file(features));
  try {
    const RetrainPlan plan = plan_retrain(model, bundle ? &*bundle : nullptr, dataset,
                                          data_time(version), read_retrain_options(options));
    require_memory(plan, model, dataset, place_.threads, place_.system);
  } catch (const FormatError& error) {
    throw JobRefusal(422, error.what());
  }
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
  // Pictures added while it trained may not have been seen: they are new to this version.
  manifest["data_time"] = unix_seconds(job.created);
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
