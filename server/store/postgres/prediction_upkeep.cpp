#include "server/store/postgres/prediction_upkeep.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "server/store/statistics_builder.h"
#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

constexpr int kQueueBatch = 1000;  // tallies merged at a time
constexpr int kImageBatch = 200;   // images considered at a time
constexpr int kSlots = 16;         // of a total

using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // span, start, model

Params key_params(const Key& key) {
  return Params::of(std::get<0>(key), std::get<1>(key), std::get<2>(key));
}

std::optional<Tally> read_tally(Connection& connection, const Key& key) {
  const Result row = connection.exec(
      "SELECT tally FROM prediction_tallies WHERE span = $1 AND start = $2 AND model = $3",
      key_params(key));
  if (row.rows() == 0) return std::nullopt;
  return Tally::from_text(row.text(0, 0));
}

void write_tally(Connection& connection, const Key& key, const Tally& tally) {
  Params params = key_params(key);
  params.add(tally.to_text());
  connection.exec(
      "INSERT INTO prediction_tallies(span, start, model, tally) VALUES($1, $2, $3, $4) "
      "ON CONFLICT(span, start, model) DO UPDATE SET tally = excluded.tally",
      params);
}

// Recomputes the minimum and maximum probability from the remaining rows of the span.
void recompute_extremes(Connection& connection, const Key& key, Tally& tally) {
  const auto [span, start, model] = key;
  const Result row = connection.exec(
      "SELECT min(probability), max(probability) FROM predictions "
      "WHERE time >= $1 AND time < $2 AND model = $3",
      Params::of(start * 1'000'000, (start + span) * 1'000'000, model));
  if (row.is_null(0, 0)) return;
  tally.probability_min = row.real(0, 0);
  tally.probability_max = row.real(0, 1);
}

// Merges one batch of the queue; false if it was empty.
bool merge_batch(Connection& connection) {
  const Result queued = connection.exec(
      "DELETE FROM prediction_new_tallies WHERE id IN (SELECT id FROM prediction_new_tallies "
      "ORDER BY id LIMIT $1) RETURNING start, model, tally",
      Params::of(kQueueBatch));
  std::map<Key, Tally> sums;
  for (int i = 0; i < queued.rows(); ++i) {
    const std::int64_t start = queued.integer(i, 0);
    const Tally tally = Tally::from_text(queued.text(i, 2));
    for (const std::int64_t span : {kMinute, kHour}) {
      sums[{span, start - start % span, queued.integer(i, 1)}].merge(tally);
    }
  }
  for (auto& [key, tally] : sums) {
    if (const auto stored = read_tally(connection, key)) tally.merge(*stored);
    write_tally(connection, key, tally);
  }
  return queued.rows() > 0;
}

// Deletes the oldest images until at least `bytes` are freed or none is left.
Totals delete_oldest_images(Connection& connection, std::int64_t bytes) {
  Totals change;
  std::int64_t last = 0;
  while (-change.image_bytes < bytes) {
    const Result oldest = connection.exec(
        "SELECT id, size FROM images WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
        Params::of(last, kImageBatch));
    if (oldest.rows() == 0) break;
    std::vector<std::int64_t> ids;
    for (int i = 0; i < oldest.rows() && -change.image_bytes < bytes; ++i) {
      ids.push_back(last = oldest.integer(i, 0));
      change.image_bytes -= oldest.integer(i, 1);
    }
    connection.exec("DELETE FROM images WHERE id = ANY($1)", Params::of(ids));
  }
  return change;
}

Totals delete_oldest_rows(Connection& connection, std::int64_t count) {
  const Result last = connection.exec("SELECT id FROM predictions ORDER BY id LIMIT 1 OFFSET $1",
                                      Params::of(count - 1));
  if (last.rows() == 0) return {};
  const Result deleted = connection.exec("DELETE FROM predictions WHERE id <= $1 RETURNING image",
                                         Params::of(last.integer(0, 0)));
  std::vector<std::int64_t> images;
  for (int i = 0; i < deleted.rows(); ++i) {
    if (!deleted.is_null(i, 0)) images.push_back(deleted.integer(i, 0));
  }
  Totals change = delete_unreferenced(connection, images);
  change.rows -= deleted.rows();
  return change;
}

}  // namespace

Totals read_totals(Connection& connection) {
  const Result sums = connection.exec(
      "SELECT coalesce(sum(value) FILTER (WHERE name = 'rows'), 0)::bigint, "
      "coalesce(sum(value) FILTER (WHERE name = 'image_bytes'), 0)::bigint FROM prediction_totals");
  return {sums.integer(0, 0), sums.integer(0, 1)};
}

void add_to_totals(Connection& connection, const Totals& change) {
  if (change.rows == 0 && change.image_bytes == 0) return;
  connection.exec(
      "INSERT INTO prediction_totals(name, slot, value) "
      "VALUES('image_bytes', $1, $2), ('rows', $1, $3) "
      "ON CONFLICT(name, slot) DO UPDATE SET value = prediction_totals.value + excluded.value",
      Params::of(connection.process() % kSlots, change.image_bytes, change.rows));
}

int queue_tallies(Connection& connection, std::span<const NewPrediction> predictions,
                  const std::vector<std::int64_t>& models) {
  std::map<std::pair<std::int64_t, std::int64_t>, Tally> tallies;  // by start and model
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const std::int64_t at = to_sql(predictions[i].record.time) / 1'000'000;
    tallies[{at - at % kMinute, models[i]}].add(predictions[i].record);
  }
  std::vector<std::int64_t> starts, rows;
  std::vector<std::string> texts;
  for (const auto& [key, tally] : tallies) {
    starts.push_back(key.first);
    rows.push_back(key.second);
    texts.push_back(tally.to_text());
  }
  connection.exec(
      "INSERT INTO prediction_new_tallies(start, model, tally) SELECT * FROM unnest($1, $2, $3)",
      Params::of(starts, rows, texts));
  return static_cast<int>(texts.size());
}

void roll_up(Connection& connection) {
  while (merge_batch(connection)) {
  }
  // By number and not by age: a clock that jumps ahead must not delete what is recent.
  connection.exec(
      "DELETE FROM prediction_tallies WHERE span = $1 AND start < (SELECT min(start) FROM (SELECT "
      "DISTINCT start FROM prediction_tallies WHERE span = $1 ORDER BY start DESC LIMIT $2) kept)",
      Params::of(kMinute, kMinutesKept));
}

void subtract_from_tallies(Connection& connection, std::int64_t model,
                           const PredictionRecord& record) {
  for (const std::int64_t span : {kMinute, kHour}) {
    const std::int64_t at = to_sql(record.time) / 1'000'000;
    const Key key{span, at - at % span, model};
    auto tally = read_tally(connection, key);
    if (!tally) continue;  // the tally of its minute has expired
    tally->remove(record);
    if (tally->count == 0) {
      connection.exec(
          "DELETE FROM prediction_tallies WHERE span = $1 AND start = $2 AND model = $3",
          key_params(key));
      continue;
    }
    if (record.probability <= tally->probability_min ||
        record.probability >= tally->probability_max) {
      recompute_extremes(connection, key, *tally);
    }
    write_tally(connection, key, *tally);
  }
}

Totals delete_unreferenced(Connection& connection, const std::vector<std::int64_t>& images) {
  if (images.empty()) return {};
  // A locked image gets a new reference now. The second statement sees all references that were
  // committed before the first one locked its image.
  const Result locked =
      connection.exec("SELECT id FROM images WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED",
                      Params::of(images));
  std::vector<std::int64_t> ids;
  for (int i = 0; i < locked.rows(); ++i) ids.push_back(locked.integer(i, 0));
  const Result deleted = connection.exec(
      "DELETE FROM images WHERE id = ANY($1) AND NOT EXISTS(SELECT 1 FROM predictions "
      "WHERE image = images.id) RETURNING size",
      Params::of(ids));
  Totals change;
  for (int i = 0; i < deleted.rows(); ++i) change.image_bytes -= deleted.integer(i, 0);
  return change;
}

Totals enforce_limits(Connection& connection, const HistoryLimits& limits, const Totals& totals,
                      std::int64_t max_rows) {
  Totals change;
  if (totals.rows <= limits.max_rows && totals.image_bytes <= limits.max_image_bytes) return change;
  const Result locked =
      connection.exec("SELECT pg_try_advisory_xact_lock(" + key(Lock::trim) + ")");
  if (locked.integer(0, 0) == 0) return change;
  if (totals.rows > limits.max_rows) {
    change = delete_oldest_rows(connection, std::min(totals.rows - limits.max_rows, max_rows));
  }
  const std::int64_t excess = totals.image_bytes + change.image_bytes - limits.max_image_bytes;
  if (excess > 0) change.image_bytes += delete_oldest_images(connection, excess).image_bytes;
  return change;
}

}  // namespace fovea::server::postgres
