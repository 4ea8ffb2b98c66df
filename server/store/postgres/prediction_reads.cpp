#include <limits>

#include "engine/core/error.h"
#include "server/store/postgres/prediction_store.h"
#include "server/store/postgres/prediction_upkeep.h"
#include "server/store/prediction_encoding.h"
#include "server/store/statistics_builder.h"
#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

const std::string kSelectPredictions =
    "SELECT p.id, time, request_id, source, file, image_sha256, model, label, probability, "
    "uncertain, probabilities, decode_ms, queue_ms, compute_ms, right_label, labelled, "
    "images.id IS NOT NULL FROM predictions p LEFT JOIN images ON images.id = image ";

// A WHERE clause and its parameters.
struct Conditions {
  std::string sql;
  Params params;

  // "?" in the condition stands for the value.
  template <class T>
  void add(std::string condition, const T& value) {
    params.add(value);
    condition.replace(condition.find('?'), 1, "$" + std::to_string(params.size()));
    sql += (sql.empty() ? "WHERE " : " AND ") + condition;
  }
  void add(const std::string& condition) { sql += " AND " + condition; }
};

Conditions conditions(const PredictionFilter& filter, std::int64_t before) {
  Conditions all;
  all.add("p.id < ?", before > 0 ? before : std::numeric_limits<std::int64_t>::max());
  if (filter.label) all.add("label = ?", *filter.label);
  if (filter.version) {
    all.add("model IN (SELECT id FROM prediction_models WHERE version = ?)", *filter.version);
  }
  if (filter.from) all.add("time >= ?", to_sql(*filter.from));
  if (filter.to) all.add("time < ?", to_sql(*filter.to));
  if (filter.uncertain) all.add(*filter.uncertain ? "uncertain" : "NOT uncertain");
  if (filter.min_probability) all.add("probability >= ?", *filter.min_probability);
  if (filter.max_probability) all.add("probability <= ?", *filter.max_probability);
  if (filter.labelled) {
    all.add(*filter.labelled ? "right_label IS NOT NULL" : "right_label IS NULL");
  }
  if (!filter.search.empty()) {  // in this collation lower() changes ASCII letters only
    all.add("strpos(lower(file COLLATE \"C\"), lower(? COLLATE \"C\")) > 0", filter.search);
  }
  return all;
}

}  // namespace

std::shared_ptr<const PredictionModel> PostgresPredictionStore::model(Connection& connection,
                                                                      std::int64_t id) {
  {
    const std::lock_guard lock(models_mutex_);
    if (const auto known = models_.find(id); known != models_.end()) return known->second;
  }
  const Result row = connection.exec(
      "SELECT name, version, weights_sha256, classes FROM prediction_models WHERE id = $1",
      Params::of(id));
  if (row.rows() == 0) throw IoError("the history refers to a model that it does not contain");
  const auto read = std::make_shared<const PredictionModel>(PredictionModel{
      row.text(0, 0), row.integer(0, 1), row.text(0, 2), read_classes(row.text(0, 3))});
  const std::lock_guard lock(models_mutex_);
  return models_.emplace(id, read).first->second;
}

std::vector<PredictionRecord> PostgresPredictionStore::read_records(Connection& connection,
                                                                    const Result& rows) {
  std::vector<PredictionRecord> records;
  for (int i = 0; i < rows.rows(); ++i) {
    PredictionRecord record;
    record.id = rows.integer(i, 0);
    record.time = from_sql(rows.integer(i, 1));
    record.request_id = rows.text(i, 2);
    record.source = rows.text(i, 3);
    record.file = rows.text(i, 4);
    record.image_sha256 = rows.text(i, 5);
    record.model = model(connection, rows.integer(i, 6));
    record.label = rows.text(i, 7);
    record.probability = static_cast<float>(rows.real(i, 8));
    record.uncertain = rows.integer(i, 9) != 0;
    record.probabilities = read_probabilities(rows.bytes(i, 10), *record.model, record.id);
    record.decode_ms = rows.real(i, 11);
    record.queue_ms = rows.real(i, 12);
    record.compute_ms = rows.real(i, 13);
    if (!rows.is_null(i, 14)) {
      record.right_label = rows.text(i, 14);
      record.labelled = from_sql(rows.integer(i, 15));
    }
    record.image_stored = rows.integer(i, 16) != 0;
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<PredictionRecord> PostgresPredictionStore::newest(const PredictionFilter& filter,
                                                              int limit, std::int64_t before) {
  return database_.read([&](Connection& connection) {
    Conditions where = conditions(filter, before);
    where.params.add(limit);
    return read_records(
        connection, connection.exec(kSelectPredictions + where.sql + " ORDER BY p.id DESC LIMIT $" +
                                        std::to_string(where.params.size()),
                                    where.params));
  });
}

std::optional<PredictionRecord> PostgresPredictionStore::find(std::int64_t id) {
  return database_.read([&](Connection& connection) -> std::optional<PredictionRecord> {
    auto found = read_records(
        connection, connection.exec(kSelectPredictions + "WHERE p.id = $1", Params::of(id)));
    if (found.empty()) return std::nullopt;
    return std::move(found[0]);
  });
}

std::optional<std::vector<std::uint8_t>> PostgresPredictionStore::image(std::int64_t id) {
  using Image = std::vector<std::uint8_t>;
  return database_.read([&](Connection& connection) -> std::optional<Image> {
    const Result row = connection.exec(
        "SELECT bytes FROM predictions p JOIN images ON images.id = image WHERE p.id = $1",
        Params::of(id));
    if (row.rows() == 0) return std::nullopt;
    const Bytes bytes = row.bytes(0, 0);
    return Image(bytes.begin(), bytes.end());
  });
}

Statistics PostgresPredictionStore::statistics(std::optional<Time> since) {
  const Time now = std::chrono::system_clock::now();
  int in_queue = 0;
  Statistics statistics = database_.read([&](Connection& connection) {
    StatisticsBuilder builder(since, now);
    const Result tallies = connection.exec(
        "SELECT start, model, tally FROM prediction_tallies "
        "WHERE span = $1 AND start >= $2 ORDER BY start",
        Params::of(builder.span(), builder.first()));
    for (int i = 0; i < tallies.rows(); ++i) {
      builder.add(tallies.integer(i, 0), tallies.integer(i, 1),
                  Tally::from_text(tallies.text(i, 2)));
    }
    // What has not been merged yet.
    const Result queued =
        connection.exec("SELECT start, model, tally FROM prediction_new_tallies WHERE start >= $1",
                        Params::of(builder.first()));
    for (int i = 0; i < queued.rows(); ++i) {
      const std::int64_t start = queued.integer(i, 0);
      builder.add(start - start % builder.span(), queued.integer(i, 1),
                  Tally::from_text(queued.text(i, 2)));
    }
    in_queue = queued.rows();
    const Result labelled = connection.exec(
        "SELECT model, count(*), count(*) FILTER (WHERE right_label = label) FROM predictions "
        "WHERE right_label IS NOT NULL AND time >= $1 GROUP BY model",
        Params::of(builder.first() * 1'000'000));
    for (int i = 0; i < labelled.rows(); ++i) {
      builder.add_labelled(labelled.integer(i, 0),
                           {labelled.integer(i, 1), labelled.integer(i, 2)});
    }
    return builder.finish([&](std::int64_t id) { return model(connection, id); });
  });
  if (in_queue >= kRollUpEvery) roll_up_queue();
  return statistics;
}

}  // namespace fovea::server::postgres
