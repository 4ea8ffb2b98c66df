// ModelJobHandler::finish(): what happens to the result of a worker.

#include <fmt/format.h>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/jobs/job_protocol.h"
#include "server/jobs/model_job_handler.h"
#include "server/registry/manifest.h"
#include "server/registry/registry.h"
#include "server/text/json.h"

namespace fovea::server {

namespace fs = std::filesystem;

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
  if (parent != 0) manifest["parent"] = parent;
  manifest["job"] = job.id;
  manifest["verdict"] = result.verdict;
  manifest["forgetting"] = result.forgetting;
  return registry_.publish(model, features, manifest, "job " + std::to_string(job.id));
}

Json ModelJobHandler::finish_retrain(const Job& job, const fs::path& folder,
                                     const RetrainResult& result) {
  const int parent = read_job(folder).champion.version;
  const int number = publish_once(job, folder, result, parent);
  if (!result.evaluation.empty()) store_evaluation(job, folder, result.evaluation, number, "test");
  const std::string actor = "job " + std::to_string(job.id);
  const std::string decision = result.verdict.is_object()
                                   ? result.verdict.value("decision", "cannot_judge")
                                   : "cannot_judge";
  const bool is_first = parent == 0;  // there is nothing that the gate could compare it with
  const bool may_promote = Json::parse(job.options).value("promote", "auto") == "auto";
  const Aliases aliases = registry_.aliases();
  const auto champion = aliases.find("champion");
  const bool parent_active = champion == aliases.end() ? parent == 0 : champion->second == parent;
  // True here only if an earlier call activated the version before the server crashed.
  bool promoted = champion != aliases.end() && champion->second == number;
  std::string reason;
  if (decision != "promote" && !is_first) {
    reason = decision == "reject" ? "rejected by the gate" : "the gate could not decide";
  } else if (!may_promote) {
    reason = std::string(is_first ? "trained" : "accepted by the gate") +
             ", but the job's option \"promote\" is \"never\"";
  } else if (!parent_active && !promoted) {
    reason = is_first
                 ? "another version was activated during the training"
                 : fmt::format("it was compared with {}, which is no longer the active version",
                               version_title(parent));
  } else {
    reason = is_first ? "the first version of the project" : "promoted by the gate";
    if (!promoted) registry_.activate(number, actor, reason);
    promoted = true;
  }
  if (!promoted) {
    registry_.set_challenger(number, actor, reason);
  }
  return {{"version", number},
          {"parent", is_first ? Json() : Json(parent)},
          {"promoted", promoted},
          {"promotion", reason},
          {"verdict", result.verdict},
          {"forgetting", result.forgetting},
          {"metrics", result.manifest.value("metrics", Json())}};
}

Json ModelJobHandler::finish_evaluation(const Job& job, const fs::path& folder,
                                        const EvaluateResult& result) {
  const JobSpec spec = read_job(folder);
  const int version = spec.champion.version;
  const std::int64_t id = store_evaluation(job, folder, result.evaluation, version,
                                           spec.options.value("split", "test"));
  return {{"version", version}, {"evaluation", id}};
}

// Stores the evaluation of a job, once, and returns its id.
std::int64_t ModelJobHandler::store_evaluation(const Job& job, const fs::path& folder,
                                               const std::string& file, int version,
                                               const std::string& split) {
  for (const Evaluation& known : store_.evaluations(version, 20)) {
    if (known.job == job.id) return known.id;
  }
  const auto bytes = read_file(result_file(folder, file), 64 << 20);
  Evaluation evaluation;
  evaluation.evaluation.assign(bytes.begin(), bytes.end());
  const Json document = Json::parse(evaluation.evaluation, nullptr, false);
  if (!document.is_object()) throw FormatError("the evaluation file is not a JSON object");
  evaluation.version = version;
  evaluation.job = job.id;
  evaluation.split = split;
  const Json data = document.value("data", Json());
  const Json revision = data.is_object() ? data.value("revision", Json()) : Json();
  evaluation.data_revision = revision.is_string() ? revision.get<std::string>() : "";
  return store_.add_evaluation(evaluation);
}

}  // namespace fovea::server
