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

struct JobEnvironment {
  std::filesystem::path data_dir;
  std::string dataset;
  int threads = 1;  // of a job
  SystemFolders system;
};

// The three kinds of job: retrain the champion (and activate the result if the gate accepts it),
// evaluate a version, import a dataset.
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
  struct Planned;
  Planned plan_for(const StoredVersion& version, const nlohmann::ordered_json& options) const;
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
