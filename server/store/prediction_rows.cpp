#include "server/store/prediction_rows.h"

#include "server/store/statistics_builder.h"
#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

constexpr const char* kTallyColumns =
    "id, time, model, label, probability, uncertain, decode_ms, queue_ms, compute_ms";

std::int64_t seconds(Time time) {
  return to_sql(time) / 1'000'000;
}

std::optional<Tally> read_tally(SQLite::Database& database, const TallyKey& key) {
  SQLite::Statement select(
      database, "SELECT tally FROM prediction_tallies WHERE span = ? AND start = ? AND model = ?");
  select.bind(1, std::get<0>(key));
  select.bind(2, std::get<1>(key));
  select.bind(3, std::get<2>(key));
  if (!select.executeStep()) return std::nullopt;
  return Tally::from_text(select.getColumn(0).getString());
}

void write_tally(SQLite::Database& database, const TallyKey& key, const Tally& tally) {
  SQLite::Statement replace(database,
                            "INSERT OR REPLACE INTO prediction_tallies(span, start, model, tally) "
                            "VALUES(?, ?, ?, ?)");
  replace.bind(1, std::get<0>(key));
  replace.bind(2, std::get<1>(key));
  replace.bind(3, std::get<2>(key));
  replace.bind(4, tally.to_text());
  replace.exec();
}

void erase_tally(SQLite::Database& database, const TallyKey& key) {
  SQLite::Statement erase(
      database, "DELETE FROM prediction_tallies WHERE span = ? AND start = ? AND model = ?");
  erase.bind(1, std::get<0>(key));
  erase.bind(2, std::get<1>(key));
  erase.bind(3, std::get<2>(key));
  erase.exec();
}

// Recomputes the minimum and maximum probability from the remaining rows of the span.
void recompute_extremes(SQLite::Database& database, const TallyKey& key, Tally& tally) {
  const auto [span, start, model] = key;
  SQLite::Statement select(database,
                           "SELECT min(probability), max(probability) FROM predictions "
                           "WHERE time >= ? AND time < ? AND model = ?");
  select.bind(1, start * 1'000'000);
  select.bind(2, (start + span) * 1'000'000);
  select.bind(3, model);
  if (!select.executeStep() || select.getColumn(0).isNull()) return;
  tally.probability_min = select.getColumn(0).getDouble();
  tally.probability_max = select.getColumn(1).getDouble();
}

}  // namespace

std::int64_t add_to_total(SQLite::Database& database, const char* name, std::int64_t change) {
  SQLite::Statement update(database, kAddToTotal);
  return add_to_total(update, name, change);
}

std::int64_t add_to_total(SQLite::Statement& update, const char* name, std::int64_t change) {
  const ResetAtEnd reset{update};
  update.bind(1, change);
  update.bind(2, name);
  update.executeStep();
  return update.getColumn(0).getInt64();
}

std::int64_t read_total(SQLite::Database& database, const char* name) {
  SQLite::Statement select(database, "SELECT value FROM prediction_totals WHERE name = ?");
  select.bind(1, name);
  select.executeStep();
  return select.getColumn(0).getInt64();
}

std::int64_t read_new_tallies(SQLite::Database& database, std::map<TallyKey, Tally>& tallies) {
  const std::int64_t from = read_total(database, "tallied");
  SQLite::Statement rows(database, std::string("SELECT ") + kTallyColumns +
                                       " FROM predictions WHERE id > ? ORDER BY id");
  rows.bind(1, from);
  std::int64_t last = from;
  while (rows.executeStep()) {
    PredictionRecord record;
    last = rows.getColumn(0).getInt64();
    const std::int64_t at = rows.getColumn(1).getInt64() / 1'000'000;
    const std::int64_t model = rows.getColumn(2).getInt64();
    record.label = rows.getColumn(3).getString();
    record.probability = static_cast<float>(rows.getColumn(4).getDouble());
    record.uncertain = rows.getColumn(5).getInt() != 0;
    record.decode_ms = rows.getColumn(6).getDouble();
    record.queue_ms = rows.getColumn(7).getDouble();
    record.compute_ms = rows.getColumn(8).getDouble();
    for (const std::int64_t span : {kMinute, kHour}) {
      tallies[{span, at - at % span, model}].add(record);
    }
  }
  return last;
}

void roll_up(SQLite::Database& database) {
  std::map<TallyKey, Tally> new_tallies;
  const std::int64_t last = read_new_tallies(database, new_tallies);
  for (auto& [key, tally] : new_tallies) {
    if (const auto stored = read_tally(database, key)) tally.merge(*stored);
    write_tally(database, key, tally);
  }
  add_to_total(database, "tallied", last - read_total(database, "tallied"));
  // By number and not by age: a clock that jumps ahead must not delete what is recent.
  SQLite::Statement expire(
      database,
      "DELETE FROM prediction_tallies WHERE span = ?1 AND start < (SELECT min(start) FROM (SELECT "
      "DISTINCT start FROM prediction_tallies WHERE span = ?1 ORDER BY start DESC LIMIT ?2))");
  expire.bind(1, kMinute);
  expire.bind(2, kMinutesKept);
  expire.exec();
}

void subtract_from_tallies(SQLite::Database& database, std::int64_t model,
                           const PredictionRecord& record) {
  for (const std::int64_t span : {kMinute, kHour}) {
    const std::int64_t at = seconds(record.time);
    const TallyKey key{span, at - at % span, model};
    auto tally = read_tally(database, key);
    if (!tally) continue;  // the tally of its minute has expired
    tally->remove(record);
    if (tally->count == 0) {
      erase_tally(database, key);
      continue;
    }
    if (record.probability <= tally->probability_min ||
        record.probability >= tally->probability_max) {
      recompute_extremes(database, key, *tally);
    }
    write_tally(database, key, *tally);
  }
}

void delete_if_unreferenced(SQLite::Database& database, std::int64_t image) {
  SQLite::Statement erase(database,
                          "DELETE FROM images WHERE id = ?1 AND NOT EXISTS"
                          "(SELECT 1 FROM predictions WHERE image = ?1) RETURNING size");
  erase.bind(1, image);
  if (!erase.executeStep()) return;
  const std::int64_t size = erase.getColumn(0).getInt64();
  erase.reset();
  add_to_total(database, "image_bytes", -size);
}

void delete_oldest_rows(SQLite::Database& database, std::int64_t count) {
  if (count <= 0) return;
  SQLite::Statement find(database, "SELECT id FROM predictions ORDER BY id LIMIT 1 OFFSET ?");
  find.bind(1, count - 1);
  if (!find.executeStep()) return;
  const std::int64_t last = find.getColumn(0).getInt64();
  SQLite::Statement referenced(
      database, "SELECT DISTINCT image FROM predictions WHERE id <= ? AND image IS NOT NULL");
  referenced.bind(1, last);
  std::vector<std::int64_t> images;
  while (referenced.executeStep()) images.push_back(referenced.getColumn(0).getInt64());
  referenced.reset();
  SQLite::Statement erase(database, "DELETE FROM predictions WHERE id <= ?");
  erase.bind(1, last);
  add_to_total(database, "rows", -erase.exec());
  for (const std::int64_t image : images) delete_if_unreferenced(database, image);
}

void delete_oldest_images(SQLite::Database& database, std::int64_t bytes) {
  std::int64_t freed = 0;
  std::int64_t last = 0;
  {
    SQLite::Statement oldest(database, "SELECT id, size FROM images ORDER BY id");
    while (freed < bytes && oldest.executeStep()) {
      last = oldest.getColumn(0).getInt64();
      freed += oldest.getColumn(1).getInt64();
    }
  }
  SQLite::Statement erase(database, "DELETE FROM images WHERE id <= ?");
  erase.bind(1, last);
  erase.exec();
  add_to_total(database, "image_bytes", -freed);
}

}  // namespace fovea::server
