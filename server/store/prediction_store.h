#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/store/tally.h"

namespace fovea::server {

using Time = std::chrono::system_clock::time_point;

// Whose answer it was.
struct AnsweringModel {
  std::string name;
  std::int64_t version = 0;
  std::string weights_sha256;
  std::vector<std::string> classes;
};

struct PredictionRecord {
  std::int64_t id = 0;  // given by the store; only grows
  Time time;
  std::string request_id;
  std::string source;        // the door it came through: "v1", "legacy", "v2"
  std::string file;          // the name the client gave
  std::string image_sha256;  // of the bytes, whether they are kept or not
  std::shared_ptr<const AnsweringModel> model;
  std::vector<float> probabilities;  // in the order of model->classes
  std::string label;                 // the likeliest
  float probability = 0;             // its
  bool uncertain = false;
  double decode_ms = 0, queue_ms = 0, compute_ms = 0;
  // Set when read:
  std::optional<std::string> right_label;  // what a person said
  std::optional<Time> labelled;            // when
  bool image_kept = false;
};

struct NewPrediction {
  PredictionRecord record;
  std::span<const std::uint8_t> image;  // as sent; must live until append() returns
};

// Every condition that is set must hold.
struct PredictionFilter {
  std::optional<std::string> label;  // predicted
  std::optional<std::int64_t> version;
  std::optional<Time> from, to;  // from <= time < to
  std::optional<bool> uncertain;
  std::optional<double> min_probability, max_probability;  // both inclusive
  std::optional<bool> labelled;                            // whether a person said the right label
  std::string search;                                      // in the file name, ASCII without case
};

struct HistoryLimits {
  std::int64_t max_rows = 1'000'000;                       // the oldest go first; at least 1
  std::int64_t max_image_bytes = std::int64_t{512} << 20;  // likewise; 0 = keep no images
};

struct LabelledCount {
  std::int64_t count = 0;  // predictions with a right label
  std::int64_t right = 0;  // of them, predicted so
};

struct VersionStatistics {
  std::shared_ptr<const AnsweringModel> model;
  Tally tally;
  LabelledCount labelled;
};

struct Statistics {
  Tally all;
  LabelledCount labelled;
  std::vector<VersionStatistics> versions;     // by version
  int step_seconds = 60;                       // of the series: 60, 3600 or 86400
  std::vector<std::pair<Time, Tally>> series;  // by start, empty steps left out
};

// The history: every answer that was given, and for a while the images. Any thread; errors of
// the database, a full disk among them, are IoError, and then nothing of the call was done.
class PredictionStore {
 public:
  virtual ~PredictionStore() = default;

  // Writes all or nothing, gives each record its id, and keeps within the limits.
  virtual void append(std::span<NewPrediction> predictions) = 0;

  // The newest first: at most `limit` that match and have an id below `before` (0 = the newest).
  virtual std::vector<PredictionRecord> newest(const PredictionFilter& filter, int limit,
                                               std::int64_t before = 0) = 0;
  virtual std::optional<PredictionRecord> find(std::int64_t id) = 0;
  // The bytes as they were sent; nothing when they are not (or no longer) kept.
  virtual std::optional<std::vector<std::uint8_t>> image(std::int64_t id) = 0;

  virtual bool set_right_label(std::int64_t id, const std::string& label) = 0;  // false: no such id
  // Deleted predictions leave the statistics too, those that age out by the limits do not.
  virtual bool remove(std::int64_t id) = 0;  // false: no such id
  virtual std::int64_t remove_all() = 0;     // how many there were

  // Over the predictions since then, to the minute for the last 48 hours, else to the hour; without
  // a time, over all.
  virtual Statistics statistics(std::optional<Time> since) = 0;
};

}  // namespace fovea::server
