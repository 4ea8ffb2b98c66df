#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/jobs/jobs.h"
#include "server/jobs/resources.h"
#include "server/store/project_folder.h"

namespace fovea::server {

class Registry;
struct StoredVersion;

// Checks the options of a new job (job_options.cpp). Throws JobRefusal 422 naming the option that
// is missing, unknown or has a value that is not allowed. Options by kind:
//   retrain   mode, epochs, lr, replay, batch, seed, distillation, freeze_statistics, gate, promote
//   evaluate  version (required), split
//   import    source (required)
void check_job_options(const std::string& kind, const nlohmann::ordered_json& options);

struct JobEnvironment {
  std::filesystem::path data_dir;
  std::string dataset;
  int threads = 1;  // of a worker
  SystemFolders system;
  ProjectSettings settings = {};
  std::string model_name = "model";  // of the first version
};

// The three kinds of job: retrain the active version (and activate the result if the gate accepts
// it), evaluate a version, import a public dataset. A project with a backbone is always trained on
// its features; another one without a version is trained from scratch. A first version is
// activated.
class ModelJobHandler : public JobHandler {
 public:
  ModelJobHandler(Registry& registry, JobStore& store, JobEnvironment environment)
      : registry_(registry), store_(store), environment_(std::move(environment)) {}

  JobSpec prepare(const std::string& kind, const nlohmann::ordered_json& options) override;
  nlohmann::ordered_json plan(const std::string& kind,
                              const nlohmann::ordered_json& options) override;
  nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                const nlohmann::ordered_json& result) override;

 private:
  struct RetrainInputs;
  RetrainInputs plan_for(const StoredVersion& version, const nlohmann::ordered_json& options) const;
  std::optional<StoredVersion> version_for(const std::string& kind,
                                           const nlohmann::ordered_json& options) const;
  FirstModel first_model() const;
  nlohmann::ordered_json finish_retrain(const Job& job, const std::filesystem::path& folder,
                                        const RetrainResult& result);
  nlohmann::ordered_json finish_evaluation(const Job& job, const std::filesystem::path& folder,
                                           const EvaluateResult& result);
  std::int64_t store_evaluation(const Job& job, const std::filesystem::path& folder,
                                const std::string& file, int version, const std::string& split);
  int publish_once(const Job& job, const std::filesystem::path& folder, const RetrainResult& result,
                   int parent);

  Registry& registry_;
  JobStore& store_;
  const JobEnvironment environment_;
};

}  // namespace fovea::server
