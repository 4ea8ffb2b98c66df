#include "server/store/statistics_builder.h"

#include <algorithm>

#include "server/store/time_columns.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kDay = 24 * kHour;

}  // namespace

StatisticsBuilder::StatisticsBuilder(std::optional<Time> since, Time now)
    : now_(now),
      from_(since ? to_sql(*since) / 1'000'000 : 0),
      span_(since && now - *since <= std::chrono::seconds(kMinuteTalliesKept) ? kMinute : kHour) {}

void StatisticsBuilder::add(std::int64_t start, std::int64_t model, const Tally& tally) {
  models_[model].tally.merge(tally);
  starts_[start].merge(tally);
}

void StatisticsBuilder::add_labelled(std::int64_t model, LabelledCount count) {
  models_[model].labelled = count;
}

Statistics StatisticsBuilder::finish(const ModelOf& model_of) {
  Statistics result;
  for (auto& [id, version] : models_) {
    version.model = model_of(id);
    result.all.merge(version.tally);
    result.labelled.count += version.labelled.count;
    result.labelled.correct += version.labelled.correct;
    result.versions.push_back(std::move(version));
  }
  std::stable_sort(result.versions.begin(), result.versions.end(),
                   [](auto& a, auto& b) { return a.model->version < b.model->version; });
  // Choose the step of the series by the length of the window, and merge the spans into steps.
  const std::int64_t first = starts_.empty() ? from_ : std::max(from_, starts_.begin()->first);
  const std::int64_t window = to_sql(now_) / 1'000'000 - first;
  const std::int64_t step = span_ == kMinute && window <= 6 * kHour ? kMinute
                            : window <= 31 * kDay                   ? kHour
                                                                    : kDay;
  std::map<std::int64_t, Tally> steps;
  for (const auto& [start, tally] : starts_) steps[start - start % step].merge(tally);
  result.step_seconds = static_cast<int>(step);
  for (auto& [start, tally] : steps) {
    result.series.emplace_back(from_sql(start * 1'000'000), std::move(tally));
  }
  return result;
}

}  // namespace fovea::server
