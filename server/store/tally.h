#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace fovea::server {

struct PredictionRecord;

// Counts of a quantity in bins that are 5 % wide, so that a percentile read from them is within
// 2.5 %. Milliseconds; everything below 1 microsecond is the first bin.
class LatencyHistogram {
 public:
  void add(double ms, std::int64_t times = 1);  // times < 0 takes away what was added
  void merge(const LatencyHistogram& other);
  std::int64_t count() const;
  double percentile(double fraction) const;  // 0 when nothing was counted
  std::map<int, std::int64_t>& bins() { return bins_; }
  const std::map<int, std::int64_t>& bins() const { return bins_; }

 private:
  std::map<int, std::int64_t> bins_;
};

// What statistics say about any number of predictions, small and mergeable: of one minute, of one
// hour, of one version, of everything.
struct Tally {
  static constexpr int kConfidenceBins = 20;
  struct Class {
    std::int64_t count = 0;
    double probability_sum = 0;
  };

  std::int64_t count = 0;
  std::int64_t uncertain = 0;
  double probability_sum = 0;
  double probability_min = 1;  // 1 and 0 when there are none
  double probability_max = 0;
  double ms_sum = 0;                                          // decode + queue + compute
  std::map<std::string, Class> classes;                       // predicted label -> how often
  std::array<std::int64_t, kConfidenceBins> confidence = {};  // bin i: [i, i + 1) / 20
  LatencyHistogram total, decode, queue, compute;

  void add(const PredictionRecord& record);
  // Takes back one that was added. probability_min and _max cannot shrink again by it.
  void remove(const PredictionRecord& record);
  void merge(const Tally& other);

  std::string to_text() const;
  static Tally from_text(const std::string& text);  // throws FormatError

 private:
  void count_one(const PredictionRecord& record, int times);
};

}  // namespace fovea::server
