#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/store/tally.h"

namespace fovea::server {

struct AuditEntry;

using Time = std::chrono::system_clock::time_point;

// The model that made a prediction.
struct PredictionModel {
  std::string name;
  std::int64_t version = 0;
  std::string weights_sha256;
  std::vector<std::string> classes;
};

struct PredictionRecord {
  std::int64_t id = 0;  // assigned by the store, increasing
  Time time;
  std::string request_id;
  std::string source;        // the API of the request: "v1", "legacy", "v2"
  std::string file;          // name from the client
  std::string image_sha256;  // of the file, whether it is stored or not
  std::shared_ptr<const PredictionModel> model;
  std::vector<float> probabilities;  // in the order of model->classes
  std::string label;                 // the most probable class
  float probability = 0;             // of label
  bool uncertain = false;            // probability is below the threshold
  double decode_ms = 0, queue_ms = 0, compute_ms = 0;
  // Set when read from the store:
  std::optional<std::string> right_label;  // the true class, entered by a user
  std::optional<Time> labelled;            // when it was entered
  bool image_stored = false;
};

struct NewPrediction {
  PredictionRecord record;
  std::span<const std::uint8_t> image;  // the file as sent; must live until append() returns
};

// Selects predictions that meet all conditions that are set.
struct PredictionFilter {
  std::optional<std::string> label;  // the predicted class
  std::optional<std::int64_t> version;
  std::optional<Time> from, to;  // from <= time < to
  std::optional<bool> uncertain;
  std::optional<double> min_probability, max_probability;  // both inclusive
  std::optional<bool> labelled;                            // whether right_label is set
  std::string search;  // part of the file name; ASCII letters match in either case
};

struct HistoryLimits {
  // The oldest are removed first.
  std::int64_t max_rows = 1'000'000;                       // at least 1
  std::int64_t max_image_bytes = std::int64_t{512} << 20;  // 0: store no images
  // Called with the name of a damaged row that a list leaves out; any thread.
  std::function<void(const std::string&)> on_damaged{};
};

struct LabelledCount {
  std::int64_t count = 0;    // predictions with a right_label
  std::int64_t correct = 0;  // of them, those with label == right_label
};

struct VersionStatistics {
  std::shared_ptr<const PredictionModel> model;
  Tally tally;
  LabelledCount labelled;
};

struct Statistics {
  Tally all;
  LabelledCount labelled;
  std::vector<VersionStatistics> versions;     // in order of version
  int step_seconds = 60;                       // of the series: 60, 3600 or 86400
  std::vector<std::pair<Time, Tally>> series;  // (start of the step, tally), without empty steps
};

// The prediction history: every prediction, and the images within HistoryLimits. Any thread. Throws
// IoError (DiskFull); then the call has changed nothing.
class PredictionStore {
 public:
  virtual ~PredictionStore() = default;

  // Writes all predictions or none, sets the ids, and enforces the limits.
  virtual void append(std::span<NewPrediction> predictions) = 0;

  // The newest first: at most `limit` that match, with an id below `before` (0: from the newest).
  virtual std::vector<PredictionRecord> newest(const PredictionFilter& filter, int limit,
                                               std::int64_t before = 0) = 0;
  virtual std::optional<PredictionRecord> find(std::int64_t id) = 0;
  // The image file as it was sent; nullopt if it is not stored or no longer stored.
  virtual std::optional<std::vector<std::uint8_t>> image(std::int64_t id) = 0;

  // Changes, each in one transaction with its entry in the audit log; null: without an entry.
  // False: no such id.
  virtual bool set_right_label(std::int64_t id, const std::string& label,
                               const AuditEntry* entry) = 0;
  // Predictions deleted here are subtracted from the statistics; those removed by the limits are
  // not.
  virtual bool remove(std::int64_t id, const AuditEntry* entry) = 0;
  // Returns how many there were, and sets the entry's detail to this number.
  virtual std::int64_t remove_all(const AuditEntry* entry) = 0;

  // Statistics of the predictions since that time, rounded down to the minute within the last 48
  // hours and to the hour before; nullopt: of all predictions.
  virtual Statistics statistics(std::optional<Time> since) = 0;
};

}  // namespace fovea::server
