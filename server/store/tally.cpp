#include "server/store/tally.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "server/store/prediction_store.h"

namespace fovea::server {
namespace {

using Json = nlohmann::json;

constexpr double kLeastMs = 0.001;
constexpr double kGrowth = 1.05;

int latency_bin(double ms) {
  if (!(ms > kLeastMs)) return 0;
  return 1 + static_cast<int>(std::log(ms / kLeastMs) / std::log(kGrowth));
}

// The middle of a bin, by ratio.
double latency_of(int bin) {
  return bin == 0 ? kLeastMs : kLeastMs * std::pow(kGrowth, bin - 0.5);
}

Json bins_json(const LatencyHistogram& histogram) {
  Json pairs = Json::array();
  for (const auto& [bin, count] : histogram.bins()) pairs.push_back({bin, count});
  return pairs;
}

// No further from 0 than `most`; by default so that sums of many overflow nothing. JSON itself
// would make a number of any size, or with a fraction, a whole one in its own way.
std::int64_t whole(const Json& value, std::int64_t most = std::int64_t{1} << 53) {
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                        : value.is_number_integer() && value.get<std::int64_t>() >= -most;
  if (!fits)
    throw FormatError("a tally of predictions is damaged: " + value.dump() + " is no count");
  return value.get<std::int64_t>();
}

void read_bins(const Json& pairs, LatencyHistogram& histogram) {
  constexpr std::int64_t kMostBins = 10'000;
  for (const Json& pair : pairs) {
    histogram.bins()[static_cast<int>(whole(pair.at(0), kMostBins))] = whole(pair.at(1));
  }
}

}  // namespace

void LatencyHistogram::add(double ms, std::int64_t times) {
  const int bin = latency_bin(ms);
  if ((bins_[bin] += times) == 0) bins_.erase(bin);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (const auto& [bin, count] : other.bins_) bins_[bin] += count;
}

std::int64_t LatencyHistogram::count() const {
  std::int64_t sum = 0;
  for (const auto& [bin, count] : bins_) sum += count;
  return sum;
}

double LatencyHistogram::percentile(double fraction) const {
  const double wanted = fraction * static_cast<double>(count());
  std::int64_t seen = 0;
  for (const auto& [bin, count] : bins_) {
    seen += count;
    if (static_cast<double>(seen) >= wanted) return latency_of(bin);
  }
  return 0;
}

void Tally::count_one(const PredictionRecord& record, int times) {
  const double p = record.probability;
  count += times;
  uncertain += record.uncertain ? times : 0;
  probability_sum += times * p;
  const double ms = record.decode_ms + record.queue_ms + record.compute_ms;
  ms_sum += times * ms;
  Class& of_label = classes[record.label];
  of_label.count += times;
  of_label.probability_sum += times * p;
  if (of_label.count == 0) classes.erase(record.label);
  const int bin = std::clamp(static_cast<int>(p * kConfidenceBins), 0, kConfidenceBins - 1);
  confidence[static_cast<std::size_t>(bin)] += times;
  total.add(ms, times);
  decode.add(record.decode_ms, times);
  queue.add(record.queue_ms, times);
  compute.add(record.compute_ms, times);
}

void Tally::add(const PredictionRecord& record) {
  count_one(record, 1);
  probability_min = std::min<double>(probability_min, record.probability);
  probability_max = std::max<double>(probability_max, record.probability);
}

void Tally::remove(const PredictionRecord& record) {
  count_one(record, -1);
}

void Tally::merge(const Tally& other) {
  if (other.count == 0) return;
  count += other.count;
  uncertain += other.uncertain;
  probability_sum += other.probability_sum;
  probability_min = std::min(probability_min, other.probability_min);
  probability_max = std::max(probability_max, other.probability_max);
  ms_sum += other.ms_sum;
  for (const auto& [label, of_label] : other.classes) {
    classes[label].count += of_label.count;
    classes[label].probability_sum += of_label.probability_sum;
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) confidence[i] += other.confidence[i];
  total.merge(other.total);
  decode.merge(other.decode);
  queue.merge(other.queue);
  compute.merge(other.compute);
}

std::string Tally::to_text() const {
  Json by_class = Json::object();
  for (const auto& [label, of_label] : classes) {
    by_class[label] = {of_label.count, of_label.probability_sum};
  }
  const Json json = {{"n", count},
                     {"uncertain", uncertain},
                     {"p", {probability_sum, probability_min, probability_max}},
                     {"ms", ms_sum},
                     {"classes", by_class},
                     {"confidence", confidence},
                     {"total", bins_json(total)},
                     {"decode", bins_json(decode)},
                     {"queue", bins_json(queue)},
                     {"compute", bins_json(compute)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Tally Tally::from_text(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Tally tally;
    tally.count = whole(json.at("n"));
    tally.uncertain = whole(json.at("uncertain"));
    const Json& p = json.at("p");
    tally.probability_sum = p.at(0);
    tally.probability_min = p.at(1);
    tally.probability_max = p.at(2);
    tally.ms_sum = json.at("ms");
    for (const auto& [label, pair] : json.at("classes").items()) {
      tally.classes[label] = {whole(pair.at(0)), pair.at(1)};
    }
    for (std::size_t i = 0; i < tally.confidence.size(); ++i) {
      tally.confidence[i] = whole(json.at("confidence").at(i));
    }
    read_bins(json.at("total"), tally.total);
    read_bins(json.at("decode"), tally.decode);
    read_bins(json.at("queue"), tally.queue);
    read_bins(json.at("compute"), tally.compute);
    return tally;
  } catch (const Json::exception& error) {
    throw FormatError(std::string("a tally of predictions is damaged: ") + error.what());
  }
}

}  // namespace fovea::server
