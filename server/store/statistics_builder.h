#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "server/store/prediction_store.h"

namespace fovea::server {

// The spans of a tally, in seconds.
inline constexpr std::int64_t kMinute = 60, kHour = 3600;
// How long tallies of a minute are used.
inline constexpr std::int64_t kMinuteTalliesKept = 48 * kHour;
// Minutes with predictions whose tallies are kept: those of that time, and as many that a wrong
// clock may have produced.
inline constexpr std::int64_t kMinutesKept = 2 * kMinuteTalliesKept / kMinute;

// Sums the tallies of a period for PredictionStore::statistics(), whatever database they are from.
class StatisticsBuilder {
 public:
  StatisticsBuilder(std::optional<Time> since, Time now);

  std::int64_t span() const { return span_; }                   // of the tallies to add
  std::int64_t first() const { return from_ - from_ % span_; }  // start of the first of them

  // `start` is in seconds since 1970, `model` the row of the model.
  void add(std::int64_t start, std::int64_t model, const Tally& tally);
  void add_labelled(std::int64_t model, LabelledCount count);
  // `model_of` returns the model of a row.
  using ModelOf = std::function<std::shared_ptr<const PredictionModel>(std::int64_t model)>;
  Statistics finish(const ModelOf& model_of);

 private:
  Time now_;
  std::int64_t from_, span_;
  std::map<std::int64_t, VersionStatistics> models_;
  std::map<std::int64_t, Tally> starts_;
};

}  // namespace fovea::server
