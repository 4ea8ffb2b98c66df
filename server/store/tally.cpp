#include "server/store/tally.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "server/store/prediction_store.h"

namespace fovea::server {
namespace {

nlohmann::json bins_json(const LatencyHistogram& histogram) {
  nlohmann::json pairs = nlohmann::json::array();
  for (const auto& [bin, count] : histogram.bins()) pairs.push_back({bin, count});
  return pairs;
}

// An integer of at most `limit` in magnitude; the default keeps sums of many from overflowing.
// Checked because get<>() converts fractions and numbers of any size silently.
std::int64_t read_integer(const nlohmann::json& value, std::int64_t limit = std::int64_t{1} << 53) {
  const bool valid = value.is_number_unsigned()
                         ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(limit)
                         : value.is_number_integer() && value.get<std::int64_t>() >= -limit;
  if (!valid) throw FormatError("damaged prediction tally: " + value.dump() + " is not a count");
  return value.get<std::int64_t>();
}

LatencyHistogram read_histogram(const nlohmann::json& pairs) {
  constexpr std::int64_t kMaxBin = 10'000;
  std::map<int, std::int64_t> bins;
  for (const nlohmann::json& pair : pairs) {
    bins[static_cast<int>(read_integer(pair.at(0), kMaxBin))] = read_integer(pair.at(1));
  }
  return LatencyHistogram(std::move(bins));
}

}  // namespace

// `sign`: 1 adds, -1 subtracts.
void Tally::accumulate(const PredictionRecord& record, int sign) {
  const double p = record.probability;
  count += sign;
  uncertain += record.uncertain ? sign : 0;
  probability_sum += sign * p;
  const double ms = record.decode_ms + record.queue_ms + record.compute_ms;
  ms_sum += sign * ms;
  Class& entry = classes[record.label];
  entry.count += sign;
  entry.probability_sum += sign * p;
  if (entry.count == 0) classes.erase(record.label);
  const int bin = std::clamp(static_cast<int>(p * kConfidenceBins), 0, kConfidenceBins - 1);
  confidence[static_cast<std::size_t>(bin)] += sign;
  total.add(ms, sign);
  decode.add(record.decode_ms, sign);
  queue.add(record.queue_ms, sign);
  compute.add(record.compute_ms, sign);
}

void Tally::add(const PredictionRecord& record) {
  accumulate(record, 1);
  probability_min = std::min<double>(probability_min, record.probability);
  probability_max = std::max<double>(probability_max, record.probability);
}

void Tally::remove(const PredictionRecord& record) {
  accumulate(record, -1);
}

void Tally::merge(const Tally& other) {
  if (other.count == 0) return;
  count += other.count;
  uncertain += other.uncertain;
  probability_sum += other.probability_sum;
  probability_min = std::min(probability_min, other.probability_min);
  probability_max = std::max(probability_max, other.probability_max);
  ms_sum += other.ms_sum;
  for (const auto& [label, entry] : other.classes) {
    classes[label].count += entry.count;
    classes[label].probability_sum += entry.probability_sum;
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) confidence[i] += other.confidence[i];
  total.merge(other.total);
  decode.merge(other.decode);
  queue.merge(other.queue);
  compute.merge(other.compute);
}

std::string Tally::to_text() const {
  nlohmann::json by_class = nlohmann::json::object();
  for (const auto& [label, entry] : classes) {
    by_class[label] = {entry.count, entry.probability_sum};
  }
  const nlohmann::json json = {{"n", count},
                               {"uncertain", uncertain},
                               {"p", {probability_sum, probability_min, probability_max}},
                               {"ms", ms_sum},
                               {"classes", by_class},
                               {"confidence", confidence},
                               {"total", bins_json(total)},
                               {"decode", bins_json(decode)},
                               {"queue", bins_json(queue)},
                               {"compute", bins_json(compute)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Tally Tally::from_text(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    Tally tally;
    tally.count = read_integer(json.at("n"));
    tally.uncertain = read_integer(json.at("uncertain"));
    const nlohmann::json& p = json.at("p");
    tally.probability_sum = p.at(0);
    tally.probability_min = p.at(1);
    tally.probability_max = p.at(2);
    tally.ms_sum = json.at("ms");
    for (const auto& [label, pair] : json.at("classes").items()) {
      tally.classes[label] = {read_integer(pair.at(0)), pair.at(1)};
    }
    for (std::size_t i = 0; i < tally.confidence.size(); ++i) {
      tally.confidence[i] = read_integer(json.at("confidence").at(i));
    }
    tally.total = read_histogram(json.at("total"));
    tally.decode = read_histogram(json.at("decode"));
    tally.queue = read_histogram(json.at("queue"));
    tally.compute = read_histogram(json.at("compute"));
    return tally;
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(std::string("damaged prediction tally: ") + error.what());
  }
}

}  // namespace fovea::server
