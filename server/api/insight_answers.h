#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/api/insight_sources.h"
#include "server/charts/insight.h"

namespace fovea::server {

using FromData = Insight (*)(const DataStatistics&);
using FromTraining = Insight (*)(const std::vector<TrainedEpoch>&);
using FromEvaluation = Insight (*)(const EvaluationReport&);
using FromHistory = Insight (*)(const Statistics&);

// A chart there can be.
struct InsightKind {
  const char* name;
  const char* title;
  std::variant<FromData, FromTraining, FromEvaluation, FromHistory> make;
  bool all_versions = false;  // it cannot be had of one
};

const std::vector<InsightKind>& insight_kinds();

// What is asked about.
struct InsightQuestion {
  std::optional<StoredVersion> version;  // that was named; else the one in service
  std::string evaluation;                // of that version: find_evaluation(); empty: the newest
  std::optional<Time> since;             // of the history; else all
  bool legacy_names = false;             // "cat" is "Cat"
};

// Without anything to draw the sentence says why.
struct InsightAnswer {
  Insight insight;
  Source source;
};

// A source that was looked for once, whether there is one or not.
template <typename T>
class Lazy {
 public:
  // Throws NoSource, with the same text each time.
  T& get(const std::function<T()>& find) {
    if (!value_ && missing_.empty()) {
      try {
        value_ = find();
      } catch (const NoSource& error) {
        missing_ = error.what();
      }
    }
    if (!value_) throw NoSource(missing_);
    return *value_;
  }

 private:
  std::optional<T> value_;
  std::string missing_;
};

// Answers about one or several charts, reading each source once. One owner. Throws IoError.
class InsightAnswers {
 public:
  InsightAnswers(App& app, InsightQuestion question);
  InsightAnswer about(const InsightKind& kind);
  const TrainingSnapshot& snapshot() const { return *snapshot_; }

 private:
  Insight apply(FromData make, Source& source);
  Insight apply(FromTraining make, Source& source);
  Insight apply(FromEvaluation make, Source& source);
  Insight apply(FromHistory make, Source& source);
  void mark_at_hand(InsightAnswer& answer) const;

  App& app_;
  const InsightQuestion question_;
  const StoredVersion version_;
  const std::shared_ptr<const TrainingSnapshot> snapshot_;
  Lazy<DataSource> data_;
  Lazy<TrainingSource> training_;
  Lazy<EvaluationSource> evaluation_;
  Lazy<HistorySource> history_, version_history_;
};

}  // namespace fovea::server
