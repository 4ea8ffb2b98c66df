#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/jobs/jobs.h"
#include "server/jobs/resources.h"

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
};

// The three kinds of job: retrain the active version (and activate the result if the gate accepts
// it), evaluate a version, import a public dataset.
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
  nlohmann::ordered_json finish_retrain(const Job& job, const std::filesystem::path& folder,
                                        const RetrainResult& result);
  nlohmann::ordered_json finish_evaluation(const Job& job, const std::filesystem::path& folder,
                                           const EvaluateResult& result);
  int publish_once(const Job& job, const std::filesystem::path& folder, const RetrainResult& result,
                   int parent);

  Registry& registry_;
  JobStore& store_;
  const JobEnvironment environment_;
};

}  // namespace fovea::server
