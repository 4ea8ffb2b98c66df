#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "server/store/database.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

class SqlitePredictionStore : public PredictionStore {
 public:
  SqlitePredictionStore(Database& database, const HistoryLimits& limits);
  ~SqlitePredictionStore() override;

  void append(std::span<NewPrediction> predictions) override;
  std::vector<PredictionRecord> newest(const PredictionFilter& filter, int limit,
                                       std::int64_t before) override;
  std::optional<PredictionRecord> find(std::int64_t id) override;
  std::optional<std::vector<std::uint8_t>> image(std::int64_t id) override;
  bool set_right_label(std::int64_t id, const std::string& label) override;
  bool remove(std::int64_t id) override;
  std::int64_t remove_all() override;
  Statistics statistics(std::optional<Time> since) override;

 private:
  struct Writing;  // prepared statements of the writing connection

  std::int64_t intern(SQLite::Database& database, const AnsweringModel& model);
  std::optional<std::int64_t> keep_image(SQLite::Database& database, const NewPrediction& given);
  void trim(SQLite::Database& database, std::int64_t rows, std::int64_t image_bytes,
            std::size_t added);
  std::shared_ptr<const AnsweringModel> model(SQLite::Database& database, std::int64_t id);
  PredictionRecord read_record(SQLite::Database& database, SQLite::Statement& row);

  Database& database_;
  const HistoryLimits limits_;
  std::unique_ptr<Writing> writing_;                        // used inside Database::write only
  std::unordered_map<std::string, std::int64_t> interned_;  // likewise; only what was committed
  std::mutex models_mutex_;
  std::unordered_map<std::int64_t, std::shared_ptr<const AnsweringModel>> models_;
};

}  // namespace fovea::server
