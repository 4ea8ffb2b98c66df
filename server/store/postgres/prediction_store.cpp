#include "server/store/postgres/prediction_store.h"

#include <algorithm>
#include <map>

#include "server/store/postgres/audit_log.h"
#include "server/store/postgres/prediction_upkeep.h"
#include "server/store/prediction_encoding.h"
#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

// Rows removed per append() beyond those it added, so that a lowered limit does not block requests.
constexpr std::int64_t kMaxRemoved = 1000;

using ImageRows = std::map<std::string, std::int64_t>;  // row of an image by SHA-256

// Stores those images that are not stored, and locks the others against removal. Adds their bytes
// to `added`.
ImageRows store_images(Connection& connection, std::span<const NewPrediction> predictions,
                       std::int64_t max_bytes, std::int64_t& added) {
  std::map<std::string, Bytes> images;  // sorted, so that two transactions store in one order
  for (const NewPrediction& prediction : predictions) {
    const auto size = static_cast<std::int64_t>(prediction.image.size());
    if (size > 0 && size <= max_bytes) {
      images.emplace(valid_text(prediction.record.image_sha256), prediction.image);
    }
  }
  ImageRows rows;
  if (images.empty()) return rows;
  std::vector<std::string> names;
  for (const auto& [name, bytes] : images) names.push_back(name);
  const Result known = connection.exec(
      "SELECT sha256, id FROM images WHERE sha256 = ANY($1) ORDER BY sha256 FOR KEY SHARE",
      Params::of(names));
  for (int i = 0; i < known.rows(); ++i) {
    rows[known.text(i, 0)] = known.integer(i, 1);
    images.erase(known.text(i, 0));
  }
  if (images.empty()) return rows;
  names.clear();
  std::vector<Bytes> contents;
  for (const auto& [name, bytes] : images) {
    names.push_back(name);
    contents.push_back(bytes);
  }
  // An image that another transaction stores at the same time is locked by the update.
  const Result stored = connection.exec(
      "INSERT INTO images(sha256, size, bytes) SELECT name, length(content), content "
      "FROM unnest($1, $2) AS given(name, content) ORDER BY name "
      "ON CONFLICT(sha256) DO UPDATE SET size = excluded.size "
      "RETURNING sha256, id, size, xmax = 0",
      Params::of(names, contents));
  for (int i = 0; i < stored.rows(); ++i) {
    rows[stored.text(i, 0)] = stored.integer(i, 1);
    if (stored.integer(i, 3) != 0) added += stored.integer(i, 2);
  }
  return rows;
}

// Returns the ids, in order.
std::vector<std::int64_t> insert_rows(Connection& connection,
                                      std::span<const NewPrediction> predictions,
                                      const std::vector<std::int64_t>& models,
                                      const ImageRows& image_rows) {
  std::vector<std::int64_t> times;
  std::vector<std::string> requests, sources, files, images, labels;
  std::vector<std::optional<std::int64_t>> image_ids;
  std::vector<double> probability, decode, queue, compute;
  std::vector<bool> uncertain;
  std::vector<Bytes> probabilities;
  for (const auto& [record, image] : predictions) {
    times.push_back(to_sql(record.time));
    requests.push_back(record.request_id);
    sources.push_back(record.source);
    files.push_back(record.file);
    images.push_back(record.image_sha256);
    const auto row = image_rows.find(valid_text(record.image_sha256));
    image_ids.push_back(row == image_rows.end() ? std::nullopt : std::optional(row->second));
    labels.push_back(record.label);
    probability.push_back(record.probability);
    uncertain.push_back(record.uncertain);
    probabilities.push_back({reinterpret_cast<const std::uint8_t*>(record.probabilities.data()),
                             record.probabilities.size() * sizeof(float)});
    decode.push_back(record.decode_ms);
    queue.push_back(record.queue_ms);
    compute.push_back(record.compute_ms);
  }
  const Result rows = connection.exec(
      "INSERT INTO predictions(time, request_id, source, file, image_sha256, image, model, label, "
      "probability, uncertain, probabilities, decode_ms, queue_ms, compute_ms) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
      "RETURNING id",
      Params::of(times, requests, sources, files, images, image_ids, models, labels, probability,
                 uncertain, probabilities, decode, queue, compute));
  std::vector<std::int64_t> ids;
  for (int i = 0; i < rows.rows(); ++i) ids.push_back(rows.integer(i, 0));
  return ids;
}

}  // namespace

std::int64_t PostgresPredictionStore::intern(const PredictionModel& model) {
  const std::string name = model_key(model);
  {
    const std::lock_guard lock(models_mutex_);
    if (const auto known = interned_.find(name); known != interned_.end()) return known->second;
  }
  const std::int64_t id = database_.write([&](Connection& connection) {
    connection.exec(
        "INSERT INTO prediction_models(name, version, weights_sha256, classes) "
        "VALUES($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        Params::of(model.name, model.version, model.weights_sha256, classes_text(model.classes)));
    return connection
        .exec(
            "SELECT id FROM prediction_models "
            "WHERE version = $1 AND weights_sha256 = $2 AND name = $3",
            Params::of(model.version, model.weights_sha256, model.name))
        .integer(0, 0);
  });
  const std::lock_guard lock(models_mutex_);
  return interned_[name] = id;
}

void PostgresPredictionStore::append(std::span<NewPrediction> predictions) {
  if (predictions.empty()) return;
  std::vector<std::int64_t> models;
  for (const NewPrediction& prediction : predictions) {
    const bool same =
        !models.empty() && prediction.record.model == predictions[models.size() - 1].record.model;
    models.push_back(same ? models.back() : intern(*prediction.record.model));
  }
  int queued = 0;
  const auto ids = database_.write(
      [&](Connection& connection) {
        Totals change;
        const ImageRows images =
            store_images(connection, predictions, limits_.max_image_bytes, change.image_bytes);
        auto added = insert_rows(connection, predictions, models, images);
        change.rows = static_cast<std::int64_t>(added.size());
        queued = queue_tallies(connection, predictions, models);
        Totals totals = read_totals(connection);
        totals.rows += change.rows;
        totals.image_bytes += change.image_bytes;
        const Totals removed =
            enforce_limits(connection, limits_, totals, kMaxRemoved + change.rows);
        add_to_totals(connection,
                      {change.rows + removed.rows, change.image_bytes + removed.image_bytes});
        return added;
      },
      "BEGIN; LOCK TABLE predictions IN ROW EXCLUSIVE MODE");
  for (std::size_t i = 0; i < predictions.size(); ++i) predictions[i].record.id = ids.at(i);
  if ((not_rolled_up_ += queued) < kRollUpEvery) return;
  not_rolled_up_ = 0;
  try {
    roll_up_queue();
  } catch (const std::exception&) {
    // The predictions are stored, so this is not a failure of append(). The tallies stay in the
    // queue, and statistics() merges them or reports the error.
  }
}

// Does nothing if another process does the same.
void PostgresPredictionStore::roll_up_queue() {
  database_.write([](Connection& connection) {
    const Result locked =
        connection.exec("SELECT pg_try_advisory_xact_lock(" + key(Lock::roll_up) + ")");
    if (locked.integer(0, 0) != 0) roll_up(connection);
  });
}

bool PostgresPredictionStore::set_right_label(std::int64_t id, const std::string& label,
                                              const AuditEntry* entry) {
  return database_.write([&](Connection& connection) {
    const Result updated =
        connection.exec(std::string("UPDATE predictions SET right_label = $1, labelled = ") + kNow +
                            " WHERE id = $2",
                        Params::of(label, id));
    if (updated.affected() == 0) return false;
    if (entry) append_audit(connection, *entry);
    return true;
  });
}

bool PostgresPredictionStore::remove(std::int64_t id, const AuditEntry* entry) {
  return database_.write(
      [&](Connection& connection) {
        // A row that this statement sees was committed together with its tally, which roll_up()
        // then merges.
        const Result found =
            connection.exec("SELECT 1 FROM predictions WHERE id = $1 FOR UPDATE", Params::of(id));
        if (found.rows() == 0) return false;
        roll_up(connection);
        const Result row = connection.exec(
            "DELETE FROM predictions WHERE id = $1 RETURNING time, model, label, probability, "
            "uncertain, decode_ms, queue_ms, compute_ms, image",
            Params::of(id));
        PredictionRecord record;
        record.time = from_sql(row.integer(0, 0));
        record.label = row.text(0, 2);
        record.probability = static_cast<float>(row.real(0, 3));
        record.uncertain = row.integer(0, 4) != 0;
        record.decode_ms = row.real(0, 5);
        record.queue_ms = row.real(0, 6);
        record.compute_ms = row.real(0, 7);
        subtract_from_tallies(connection, row.integer(0, 1), record);
        Totals change;
        if (!row.is_null(0, 8)) change = delete_unreferenced(connection, {row.integer(0, 8)});
        change.rows -= 1;
        add_to_totals(connection, change);
        if (entry) append_audit(connection, *entry);
        return true;
      },
      "BEGIN; SELECT pg_advisory_xact_lock(" + key(Lock::roll_up) + ")");
}

std::int64_t PostgresPredictionStore::remove_all(const AuditEntry* entry) {
  // The table lock waits for transactions that add predictions and holds back further ones, so that
  // rows and statistics are removed together.
  return database_.write(
      [&](Connection& connection) {
        const std::int64_t rows = connection.exec("DELETE FROM predictions").affected();
        connection.run(
            "DELETE FROM images; DELETE FROM prediction_tallies; "
            "DELETE FROM prediction_new_tallies; DELETE FROM prediction_totals");
        if (entry) {
          AuditEntry counted = *entry;
          counted.detail = "{\"deleted\":" + std::to_string(rows) + "}";
          append_audit(connection, counted);
        }
        return rows;
      },
      "BEGIN; SELECT pg_advisory_xact_lock(" + key(Lock::roll_up) +
          "); LOCK TABLE predictions IN SHARE ROW EXCLUSIVE MODE");
}

}  // namespace fovea::server::postgres
