#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "server/store/database.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// Implemented in sqlite_prediction_store.cpp (changes) and sqlite_prediction_reads.cpp (queries).
class SqlitePredictionStore : public PredictionStore {
 public:
  SqlitePredictionStore(Database& database, const HistoryLimits& limits);
  ~SqlitePredictionStore() override;

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
  struct Writer;  // prepared statements of the writing connection

  std::int64_t intern(SQLite::Database& database, const PredictionModel& model);
  std::optional<std::int64_t> store_image(SQLite::Database& database,
                                          const NewPrediction& prediction);
  void enforce_limits(SQLite::Database& database, std::int64_t rows, std::int64_t image_bytes,
                      std::size_t added);
  std::shared_ptr<const PredictionModel> model(SQLite::Database& database, std::int64_t id);
  PredictionRecord read_record(SQLite::Database& database, SQLite::Statement& row);

  Database& database_;
  const HistoryLimits limits_;
  // The next two are used inside Database::write() only.
  std::unique_ptr<Writer> writer_;
  std::unordered_map<std::string, std::int64_t> interned_;  // committed rows of prediction_models
  std::mutex models_mutex_;                                 // protects models_
  std::unordered_map<std::int64_t, std::shared_ptr<const PredictionModel>> models_;
};

}  // namespace fovea::server
