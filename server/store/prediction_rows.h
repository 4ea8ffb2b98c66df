#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include <SQLiteCpp/SQLiteCpp.h>

#include "server/store/prediction_store.h"
#include "server/store/tally.h"

namespace fovea::server {

// Maintenance of the tables beside `predictions`: totals, tallies and images. All functions run
// inside the caller's transaction.

// Resets a reused statement: an unfinished one would keep the transaction open.
struct ResetAtEnd {
  SQLite::Statement& statement;
  ~ResetAtEnd() { statement.tryReset(); }
};

// Adds to a row of prediction_totals and returns the new value.
std::int64_t add_to_total(SQLite::Database& database, const char* name, std::int64_t change);
// The same with a reused statement prepared from kAddToTotal.
std::int64_t add_to_total(SQLite::Statement& update, const char* name, std::int64_t change);
inline constexpr const char* kAddToTotal =
    "UPDATE prediction_totals SET value = value + ? WHERE name = ? RETURNING value";
std::int64_t read_total(SQLite::Database& database, const char* name);

using TallyKey = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // span, start, model
// The tallies of the rows that are newer than the total `tallied`. Returns the id of the last row.
std::int64_t read_new_tallies(SQLite::Database& database, std::map<TallyKey, Tally>& tallies);
// Adds them to prediction_tallies, and removes the oldest tallies of minutes, but never those of
// the 2,880 latest minutes with predictions.
void roll_up(SQLite::Database& database);
// Subtracts a prediction from the tallies. REQUIRES: roll_up() has added it, and its row is
// deleted.
void subtract_from_tallies(SQLite::Database& database, std::int64_t model,
                           const PredictionRecord& record);

// Deletes the image unless a prediction refers to it.
void delete_if_unreferenced(SQLite::Database& database, std::int64_t image);
// Deletes the `count` oldest predictions and the images that only they refer to.
void delete_oldest_rows(SQLite::Database& database, std::int64_t count);
// Deletes the oldest images until at least `bytes` are freed or none is left.
void delete_oldest_images(SQLite::Database& database, std::int64_t bytes);

}  // namespace fovea::server
