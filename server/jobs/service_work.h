#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/jobs/jobs.h"

namespace fovea::server {

class Registry;

// What jobs are to this service: retraining the model in service (and putting the result there when
// the gate says so), evaluating a version, importing a dataset.
class ServiceWork : public JobWork {
 public:
  ServiceWork(Registry& registry, JobStore& store, std::filesystem::path data_dir,
              std::string dataset)
      : registry_(registry),
        store_(store),
        data_dir_(std::move(data_dir)),
        dataset_(std::move(dataset)) {}

  nlohmann::ordered_json prepare(const std::string& kind,
                                 const nlohmann::ordered_json& options) override;
  nlohmann::ordered_json finish(const Job& job, const std::filesystem::path& folder,
                                const nlohmann::ordered_json& result) override;

 private:
  nlohmann::ordered_json finish_retrain(const Job& job, const std::filesystem::path& folder,
                                        const nlohmann::ordered_json& result);
  nlohmann::ordered_json finish_evaluation(const Job& job, const std::filesystem::path& folder,
                                           const nlohmann::ordered_json& result);
  int publish_once(const Job& job, const std::filesystem::path& folder,
                   const nlohmann::ordered_json& result, std::int64_t parent);

  Registry& registry_;
  JobStore& store_;
  const std::filesystem::path data_dir_;
  const std::string dataset_;
};

}  // namespace fovea::server
