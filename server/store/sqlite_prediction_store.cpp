#include "server/store/sqlite_prediction_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/store/prediction_encoding.h"
#include "server/store/prediction_rows.h"
#include "server/store/sqlite_audit_log.h"
#include "server/store/time_columns.h"

namespace fovea::server {

namespace {

// Rows added to the tallies at a time. statistics() adds the remaining ones, so that it never has
// to read more than this many rows.
constexpr std::int64_t kRollUpEvery = 5000;
// Rows removed per append() beyond those it added, so that a lowered limit does not block requests.
constexpr std::int64_t kMaxRemoved = 1000;

void bind_bytes(SQLite::Statement& statement, int index, std::span<const std::uint8_t> bytes) {
  statement.bindNoCopy(index, bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

struct SqlitePredictionStore::Writer {
  explicit Writer(SQLite::Database& database)
      : insert(database,
               "INSERT INTO predictions(time, request_id, source, file, image_sha256, image, "
               "model, label, probability, uncertain, probabilities, decode_ms, queue_ms, "
               "compute_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        total(database, kAddToTotal),
        find_image(database, "SELECT id FROM images WHERE sha256 = ?"),
        insert_image(database, "INSERT INTO images(sha256, size, bytes) VALUES(?, ?, ?)") {}

  SQLite::Statement insert;
  SQLite::Statement total;
  SQLite::Statement find_image;
  SQLite::Statement insert_image;
  std::int64_t image_bytes = 0;  // added by the current append()
  std::int64_t tallied = 0;      // rows up to this id are in the tallies
};

SqlitePredictionStore::SqlitePredictionStore(Database& database, const HistoryLimits& limits)
    : database_(database), limits_(limits) {
  database_.write([&](SQLite::Database& connection) {
    writer_ = std::make_unique<Writer>(connection);
    writer_->tallied = read_total(connection, "tallied");
  });
}

SqlitePredictionStore::~SqlitePredictionStore() = default;

std::int64_t SqlitePredictionStore::intern(SQLite::Database& database,
                                           const PredictionModel& model) {
  const std::string key = model_key(model);
  if (const auto known = interned_.find(key); known != interned_.end()) return known->second;
  SQLite::Statement select(database,
                           "SELECT id FROM prediction_models WHERE version = ? AND "
                           "weights_sha256 = ? AND name = ?");
  select.bind(1, model.version);
  select.bind(2, model.weights_sha256);
  select.bind(3, model.name);
  if (select.executeStep()) return interned_[key] = select.getColumn(0).getInt64();
  SQLite::Statement insert(database,
                           "INSERT INTO prediction_models(name, version, weights_sha256, classes) "
                           "VALUES(?, ?, ?, ?)");
  insert.bind(1, model.name);
  insert.bind(2, model.version);
  insert.bind(3, model.weights_sha256);
  insert.bind(4, classes_text(model.classes));
  insert.exec();
  return database.getLastInsertRowid();  // not cached: the transaction may still be rolled back
}

std::optional<std::int64_t> SqlitePredictionStore::store_image(SQLite::Database& database,
                                                               const NewPrediction& prediction) {
  const auto size = static_cast<std::int64_t>(prediction.image.size());
  if (size == 0 || size > limits_.max_image_bytes) return std::nullopt;
  {
    SQLite::Statement& find = writer_->find_image;
    const ResetAtEnd reset{find};
    find.bindNoCopy(1, prediction.record.image_sha256);
    if (find.executeStep()) return find.getColumn(0).getInt64();
  }
  SQLite::Statement& insert = writer_->insert_image;
  const ResetAtEnd reset{insert};
  insert.bindNoCopy(1, prediction.record.image_sha256);
  insert.bind(2, size);
  bind_bytes(insert, 3, prediction.image);
  insert.exec();
  writer_->image_bytes += size;
  return database.getLastInsertRowid();
}

void SqlitePredictionStore::append(std::span<NewPrediction> predictions) {
  if (predictions.empty()) return;
  database_.write([&](SQLite::Database& database) {
    writer_->image_bytes = 0;
    const PredictionModel* last = nullptr;
    std::int64_t model = 0;
    for (NewPrediction& prediction : predictions) {
      PredictionRecord& record = prediction.record;
      if (record.model.get() != last) model = intern(database, *record.model);
      last = record.model.get();
      const auto image = store_image(database, prediction);
      SQLite::Statement& insert = writer_->insert;
      const ResetAtEnd reset{insert};
      insert.bind(1, to_sql(record.time));
      insert.bindNoCopy(2, record.request_id);
      insert.bindNoCopy(3, record.source);
      insert.bindNoCopy(4, record.file);
      insert.bindNoCopy(5, record.image_sha256);
      image ? insert.bind(6, *image) : insert.bind(6);
      insert.bind(7, model);
      insert.bindNoCopy(8, record.label);
      insert.bind(9, double{record.probability});
      insert.bind(10, record.uncertain ? 1 : 0);
      insert.bindNoCopy(11, record.probabilities.data(),
                        static_cast<int>(record.probabilities.size() * sizeof(float)));
      insert.bind(12, record.decode_ms);
      insert.bind(13, record.queue_ms);
      insert.bind(14, record.compute_ms);
      insert.exec();
      record.id = database.getLastInsertRowid();
    }
    const auto added = static_cast<std::int64_t>(predictions.size());
    const std::int64_t rows = add_to_total(writer_->total, "rows", added);
    const std::int64_t bytes =
        writer_->image_bytes == 0
            ? 0
            : add_to_total(writer_->total, "image_bytes", writer_->image_bytes);
    const std::int64_t newest = predictions.back().record.id;
    // Rows must be in the tallies before the limit removes them, hence at most max_rows.
    if (newest - writer_->tallied >= std::min(kRollUpEvery, limits_.max_rows)) {
      roll_up(database);
      writer_->tallied = newest;
    }
    enforce_limits(database, rows, bytes, predictions.size());
  });
}

void SqlitePredictionStore::enforce_limits(SQLite::Database& database, std::int64_t rows,
                                           std::int64_t image_bytes, std::size_t added) {
  if (rows > limits_.max_rows) {
    delete_oldest_rows(database, std::min(rows - limits_.max_rows,
                                          kMaxRemoved + static_cast<std::int64_t>(added)));
  }
  if (image_bytes > limits_.max_image_bytes) {
    delete_oldest_images(database, image_bytes - limits_.max_image_bytes);
  }
}

bool SqlitePredictionStore::set_right_label(std::int64_t id, const std::string& label,
                                            const AuditEntry* entry) {
  return database_.write([&](SQLite::Database& database) {
    SQLite::Statement update(database,
                             "UPDATE predictions SET right_label = ?, labelled = ? WHERE id = ?");
    update.bind(1, label);
    update.bind(2, to_sql(std::chrono::system_clock::now()));
    update.bind(3, id);
    if (update.exec() == 0) return false;
    if (entry) append_audit(database, *entry);
    return true;
  });
}

bool SqlitePredictionStore::remove(std::int64_t id, const AuditEntry* entry) {
  return database_.write([&](SQLite::Database& database) {
    roll_up(database);
    SQLite::Statement row(database,
                          "DELETE FROM predictions WHERE id = ? RETURNING time, model, label, "
                          "probability, uncertain, decode_ms, queue_ms, compute_ms, image");
    row.bind(1, id);
    if (!row.executeStep()) return false;
    PredictionRecord record;
    record.time = from_sql(row.getColumn(0).getInt64());
    const std::int64_t model = row.getColumn(1).getInt64();
    record.label = row.getColumn(2).getString();
    record.probability = static_cast<float>(row.getColumn(3).getDouble());
    record.uncertain = row.getColumn(4).getInt() != 0;
    record.decode_ms = row.getColumn(5).getDouble();
    record.queue_ms = row.getColumn(6).getDouble();
    record.compute_ms = row.getColumn(7).getDouble();
    const std::int64_t image = row.getColumn(8).isNull() ? 0 : row.getColumn(8).getInt64();
    row.reset();
    add_to_total(database, "rows", -1);
    if (image > 0) delete_if_unreferenced(database, image);
    subtract_from_tallies(database, model, record);
    if (entry) append_audit(database, *entry);
    return true;
  });
}

std::int64_t SqlitePredictionStore::remove_all(const AuditEntry* entry) {
  const auto remove = [&](SQLite::Database& database) {
    const std::int64_t rows = read_total(database, "rows");
    database.exec(
        "DELETE FROM predictions; DELETE FROM images; DELETE FROM prediction_tallies;"
        "UPDATE prediction_totals SET value = 0 WHERE name IN ('rows', 'image_bytes')");
    if (entry) {
      AuditEntry counted = *entry;
      counted.detail = fmt::format(R"({{"deleted":{}}})", rows);
      append_audit(database, counted);
    }
    return rows;
  };
  try {
    return database_.write(remove);
  } catch (const DiskFull&) {
    // Overwriting the deleted pages takes as much space as they have. Without it they are only
    // free, and new predictions overwrite them.
    return database_.write_without_overwriting(remove);
  }
}

}  // namespace fovea::server
