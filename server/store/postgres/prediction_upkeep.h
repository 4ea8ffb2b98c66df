#pragma once

#include <cstdint>
#include <vector>

#include "server/store/postgres/database.h"
#include "server/store/prediction_store.h"

namespace fovea::server::postgres {

// Maintenance of the tables beside `predictions`: totals, tallies and images. All functions run
// inside the caller's transaction.

inline constexpr int kRollUpEvery = 500;  // tallies in the queue

struct Totals {
  std::int64_t rows = 0, image_bytes = 0;
};
Totals read_totals(Connection& connection);
// The last statement of a transaction: others may wait for it.
void add_to_totals(Connection& connection, const Totals& change);

// Adds the statistics of the predictions to the queue that roll_up() merges; `models` are their
// rows in prediction_models. Returns the number of queued tallies.
int queue_tallies(Connection& connection, std::span<const NewPrediction> predictions,
                  const std::vector<std::int64_t>& models);
// Merges the queued tallies into prediction_tallies and removes those of minutes older than 48
// hours. REQUIRES: the lock roll_up.
void roll_up(Connection& connection);
// Subtracts a prediction from the tallies. REQUIRES: the lock roll_up; roll_up() has merged it, and
// its row is deleted.
void subtract_from_tallies(Connection& connection, std::int64_t model,
                           const PredictionRecord& record);

// Each returns the change of the totals.
Totals delete_unreferenced(Connection& connection, const std::vector<std::int64_t>& images);
// Deletes the oldest predictions and images so that `totals` comes within the limits, unless
// another transaction is doing that. Removes at most `max_rows` predictions.
Totals enforce_limits(Connection& connection, const HistoryLimits& limits, const Totals& totals,
                      std::int64_t max_rows);

}  // namespace fovea::server::postgres
