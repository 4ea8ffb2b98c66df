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

struct WorkPlace {
  std::filesystem::path data_dir;
  std::string dataset;
  int threads = 1;  // of a job
  SystemFolders system;
};

// What jobs are to this service: retraining the model in service (and putting the result there when
// the gate says so), evaluating a version, importing a dataset.
class ServiceWork : public JobWork {
 public:
  ServiceWork(Registry& registry, JobStore& store, WorkPlace place)
      : registry_(registry), store_(store), place_(std::move(place)) {}

  nlohmann::ordered_json prepare(const std::string& kind,
                                 const nlohmann::ordered_json& options) override;
  nlohmann::ordered_json plan(const std::string& kind,
                              const nlohmann::ordered_json& options) override;
  nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                const nlohmann::ordered_json& result) override;

 private:
  struct Planned;
  Planned plan_for(const StoredVersion& version, const nlohmann::ordered_json& options) const;
  nlohmann::ordered_json finish_retrain(const Job& job, const std::filesystem::path& folder,
                                        const nlohmann::ordered_json& result);
  nlohmann::ordered_json finish_evaluation(const Job& job, const std::filesystem::path& folder,
                                           const nlohmann::ordered_json& result);
  int publish_once(const Job& job, const std::filesystem::path& folder,
                   const nlohmann::ordered_json& result, std::int64_t parent);

  Registry& registry_;
  JobStore& store_;
  const WorkPlace place_;
};

}  // namespace fovea::server
