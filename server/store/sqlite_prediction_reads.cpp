#include <limits>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "server/store/prediction_encoding.h"
#include "server/store/prediction_rows.h"
#include "server/store/sqlite_prediction_store.h"
#include "server/store/statistics_builder.h"
#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

constexpr const char* kColumns =
    "SELECT p.id, time, request_id, source, file, image_sha256, model, label, probability, "
    "uncertain, probabilities, decode_ms, queue_ms, compute_ms, right_label, labelled, "
    "images.id IS NOT NULL FROM predictions p LEFT JOIN images ON images.id = image ";

// Matches texts that contain `text`; LIKE's wildcards in it are escaped.
std::string like_pattern(const std::string& text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

// A WHERE clause and its text parameters. The unary plus in "+column" keeps SQLite from using an
// index on that column: it would collect and sort all matches, when only the newest few are needed.
struct Conditions {
  std::string sql = "p.id < ?";
  std::vector<std::string> texts;  // numbers are part of the SQL text
  void add(const std::string& condition) { sql += " AND " + condition; }
};

Conditions conditions(const PredictionFilter& filter) {
  Conditions all;
  if (filter.from) all.add("+time >= " + std::to_string(to_sql(*filter.from)));
  if (filter.to) all.add("+time < " + std::to_string(to_sql(*filter.to)));
  if (filter.uncertain) all.add(*filter.uncertain ? "uncertain = 1" : "+uncertain = 0");
  if (filter.labelled) {
    all.add(*filter.labelled ? "right_label IS NOT NULL" : "right_label IS NULL");
  }
  if (filter.label) {
    all.add("label = ?");
    all.texts.push_back(*filter.label);
  }
  if (!filter.search.empty()) {
    all.add("file LIKE ? ESCAPE '\\'");
    all.texts.push_back(like_pattern(filter.search));
  }
  if (filter.min_probability) all.add("+probability >= ?");
  if (filter.max_probability) all.add("+probability <= ?");
  return all;
}

// A version usually has one row in prediction_models, whose index yields the predictions in order.
// With several rows, all predictions are scanned.
std::string version_condition(SQLite::Database& database, std::int64_t version) {
  SQLite::Statement select(database, "SELECT id FROM prediction_models WHERE version = ?");
  select.bind(1, version);
  std::vector<std::string> ids;
  while (select.executeStep()) ids.push_back(std::to_string(select.getColumn(0).getInt64()));
  if (ids.size() == 1) return "model = " + ids[0];
  return fmt::format("+model IN ({})", fmt::join(ids, ", "));
}

}  // namespace

std::shared_ptr<const PredictionModel> SqlitePredictionStore::model(SQLite::Database& database,
                                                                    std::int64_t id) {
  const std::lock_guard lock(models_mutex_);
  auto& known = models_[id];
  if (known) return known;
  SQLite::Statement select(
      database,
      "SELECT name, version, weights_sha256, classes FROM prediction_models WHERE id = ?");
  select.bind(1, id);
  if (!select.executeStep())
    throw IoError("the history refers to a model that it does not contain");
  PredictionModel read{select.getColumn(0).getString(), select.getColumn(1).getInt64(),
                       select.getColumn(2).getString(),
                       read_classes(select.getColumn(3).getString())};
  return known = std::make_shared<const PredictionModel>(std::move(read));
}

PredictionRecord SqlitePredictionStore::read_record(SQLite::Database& database,
                                                    SQLite::Statement& row) {
  PredictionRecord record;
  record.id = row.getColumn(0).getInt64();
  record.time = from_sql(row.getColumn(1).getInt64());
  record.request_id = row.getColumn(2).getString();
  record.source = row.getColumn(3).getString();
  record.file = row.getColumn(4).getString();
  record.image_sha256 = row.getColumn(5).getString();
  record.model = model(database, row.getColumn(6).getInt64());
  record.label = row.getColumn(7).getString();
  record.probability = static_cast<float>(row.getColumn(8).getDouble());
  record.uncertain = row.getColumn(9).getInt() != 0;
  const SQLite::Column bytes = row.getColumn(10);
  record.probabilities = read_probabilities({static_cast<const std::uint8_t*>(bytes.getBlob()),
                                             static_cast<std::size_t>(bytes.getBytes())},
                                            *record.model, record.id);
  record.decode_ms = row.getColumn(11).getDouble();
  record.queue_ms = row.getColumn(12).getDouble();
  record.compute_ms = row.getColumn(13).getDouble();
  if (!row.getColumn(14).isNull()) {
    record.right_label = row.getColumn(14).getString();
    record.labelled = from_sql(row.getColumn(15).getInt64());
  }
  record.image_stored = row.getColumn(16).getInt() != 0;
  return record;
}

std::vector<PredictionRecord> SqlitePredictionStore::newest(const PredictionFilter& filter,
                                                            int limit, std::int64_t before) {
  return database_.read([&](SQLite::Database& database) {
    Conditions where = conditions(filter);
    if (filter.version) where.add(version_condition(database, *filter.version));
    SQLite::Statement select(database,
                             kColumns + ("WHERE " + where.sql) + " ORDER BY p.id DESC LIMIT ?");
    int at = 1;
    select.bind(at++, before > 0 ? before : std::numeric_limits<std::int64_t>::max());
    for (const std::string& text : where.texts) select.bind(at++, text);
    if (filter.min_probability) select.bind(at++, *filter.min_probability);
    if (filter.max_probability) select.bind(at++, *filter.max_probability);
    select.bind(at, limit);
    std::vector<PredictionRecord> records;
    while (select.executeStep()) {
      try {
        records.push_back(read_record(database, select));
      } catch (const std::runtime_error& error) {  // must not hide the others
        if (!limits_.on_damaged) continue;
        limits_.on_damaged(fmt::format("prediction {} is damaged and left out: {}",
                                       select.getColumn(0).getInt64(), error.what()));
      }
    }
    return records;
  });
}

std::optional<PredictionRecord> SqlitePredictionStore::find(std::int64_t id) {
  return database_.read([&](SQLite::Database& database) -> std::optional<PredictionRecord> {
    SQLite::Statement select(database, kColumns + std::string("WHERE p.id = ?"));
    select.bind(1, id);
    if (!select.executeStep()) return std::nullopt;
    return read_record(database, select);
  });
}

std::optional<std::vector<std::uint8_t>> SqlitePredictionStore::image(std::int64_t id) {
  using Bytes = std::vector<std::uint8_t>;
  return database_.read([&](SQLite::Database& database) -> std::optional<Bytes> {
    SQLite::Statement select(database,
                             "SELECT bytes FROM predictions p JOIN images ON images.id = "
                             "image WHERE p.id = ?");
    select.bind(1, id);
    if (!select.executeStep()) return std::nullopt;
    const SQLite::Column column = select.getColumn(0);
    const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
    return Bytes(bytes, bytes + column.getBytes());
  });
}

Statistics SqlitePredictionStore::statistics(std::optional<Time> since) {
  const Time now = std::chrono::system_clock::now();
  // Only reads, so that it works on a full disk.
  return database_.read([&](SQLite::Database& database) {
    StatisticsBuilder builder(since, now);
    SQLite::Statement tallies(database,
                              "SELECT start, model, tally FROM prediction_tallies "
                              "WHERE span = ? AND start >= ? ORDER BY start");
    tallies.bind(1, builder.span());
    tallies.bind(2, builder.first());
    while (tallies.executeStep()) {
      builder.add(tallies.getColumn(0).getInt64(), tallies.getColumn(1).getInt64(),
                  Tally::from_text(tallies.getColumn(2).getString()));
    }
    std::map<TallyKey, Tally> new_tallies;
    read_new_tallies(database, new_tallies);
    for (const auto& [key, tally] : new_tallies) {
      const auto& [span, start, model] = key;
      if (span == builder.span() && start >= builder.first()) builder.add(start, model, tally);
    }
    SQLite::Statement labelled(database,
                               "SELECT model, count(*), sum(right_label = label) FROM predictions "
                               "WHERE right_label IS NOT NULL AND time >= ? GROUP BY model");
    labelled.bind(1, builder.first() * 1'000'000);
    while (labelled.executeStep()) {
      builder.add_labelled(labelled.getColumn(0).getInt64(),
                           {labelled.getColumn(1).getInt64(), labelled.getColumn(2).getInt64()});
    }
    return builder.finish([&](std::int64_t id) { return model(database, id); });
  });
}

}  // namespace fovea::server
