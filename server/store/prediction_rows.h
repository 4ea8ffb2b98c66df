#pragma once

#include <cstdint>

#include <SQLiteCpp/SQLiteCpp.h>

#include "server/store/prediction_store.h"

namespace fovea::server {

// What the tables of the history keep beside the rows themselves. All inside a transaction.

// A statement that is kept must not stay in the middle of its rows: it would hold the transaction.
struct ResetAtEnd {
  SQLite::Statement& statement;
  ~ResetAtEnd() { statement.tryReset(); }
};

// Adds to a number in prediction_totals and returns what it is now.
std::int64_t add_to_total(SQLite::Database& database, const char* name, std::int64_t change);
// The same with a statement that is kept, prepared from kAddToTotal.
std::int64_t add_to_total(SQLite::Statement& update, const char* name, std::int64_t change);
inline constexpr const char* kAddToTotal =
    "UPDATE prediction_totals SET value = value + ? WHERE name = ? RETURNING value";
std::int64_t read_total(SQLite::Database& database, const char* name);

// The columns that read_tallied and SqlitePredictionStore::read_record expect, in their order.
inline constexpr const char* kTallyColumns =
    "id, time, model, label, probability, uncertain, decode_ms, queue_ms, compute_ms";

// Brings prediction_tallies up to the newest row, and drops the minutes that are 48 hours old.
void roll_up(SQLite::Database& database, Time now);
// Takes a prediction that roll_up has counted, and that is no longer a row, out of the tallies.
void untally(SQLite::Database& database, std::int64_t model, const PredictionRecord& record);

// Deletes an image that no row names any more.
void drop_image(SQLite::Database& database, std::int64_t image);
// Deletes the `count` oldest rows, and the images that only they named.
void drop_oldest_rows(SQLite::Database& database, std::int64_t count);
// Deletes the oldest images until at least `bytes` are gone, or all are.
void drop_oldest_images(SQLite::Database& database, std::int64_t bytes);

}  // namespace fovea::server
