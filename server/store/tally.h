#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "server/metrics/latency_histogram.h"

namespace fovea::server {

struct PredictionRecord;

// Mergeable statistics of a set of predictions: of a minute, an hour, a version, or all.
struct Tally {
  static constexpr int kConfidenceBins = 20;
  struct Class {
    std::int64_t count = 0;
    double probability_sum = 0;
  };

  std::int64_t count = 0;
  std::int64_t uncertain = 0;
  double probability_sum = 0;
  double probability_min = 1;  // 1 and 0 if there are none
  double probability_max = 0;
  double ms_sum = 0;                                          // decode + queue + compute
  std::map<std::string, Class> classes;                       // by predicted class
  std::array<std::int64_t, kConfidenceBins> confidence = {};  // bin i: [i, i + 1) / 20
  LatencyHistogram total, decode, queue, compute;

  void add(const PredictionRecord& record);
  // Subtracts a prediction that was added. Does not change probability_min and probability_max.
  void remove(const PredictionRecord& record);
  void merge(const Tally& other);

  std::string to_text() const;                      // JSON
  static Tally from_text(const std::string& text);  // throws FormatError

 private:
  void accumulate(const PredictionRecord& record, int sign);
};

}  // namespace fovea::server
