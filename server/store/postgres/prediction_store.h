#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/store/postgres/database.h"
#include "server/store/prediction_store.h"

namespace fovea::server::postgres {

// Implemented in prediction_store.cpp (changes), prediction_reads.cpp (queries) and
// prediction_upkeep.cpp (tallies and limits). Transactions take their locks in this order, so that
// they do not block each other in a circle: roll_up, the table predictions, images by SHA-256,
// predictions, trim, totals. What a trim would have to wait for, it skips.
class PostgresPredictionStore : public PredictionStore {
 public:
  PostgresPredictionStore(Database& database, const HistoryLimits& limits)
      : database_(database), limits_(limits) {}

  void append(std::span<NewPrediction> predictions) override;
  std::vector<PredictionRecord> newest(const PredictionFilter& filter, int limit,
                                       std::int64_t before) override;
  std::optional<PredictionRecord> find(std::int64_t id) override;
  std::optional<std::vector<std::uint8_t>> image(std::int64_t id) override;
  bool set_right_label(std::int64_t id, const std::string& label, const AuditEntry* entry) override;
  bool remove(std::int64_t id, const AuditEntry* entry) override;
  std::int64_t remove_all(const AuditEntry* entry) override;
  Statistics statistics(std::optional<Time> since) override;

 private:
  std::int64_t intern(const PredictionModel& model);  // commits
  void roll_up_queue();
  std::shared_ptr<const PredictionModel> model(Connection& connection, std::int64_t id);
  std::vector<PredictionRecord> read_records(Connection& connection, const Result& rows);

  Database& database_;
  const HistoryLimits limits_;
  std::atomic<int> not_rolled_up_ = 0;  // tallies that this process has added to the queue
  std::mutex models_mutex_;             // protects the next two: committed rows
  std::unordered_map<std::string, std::int64_t> interned_;
  std::unordered_map<std::int64_t, std::shared_ptr<const PredictionModel>> models_;
};

}  // namespace fovea::server::postgres
