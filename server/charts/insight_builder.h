#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/charts/insight.h"
#include "server/charts/sources.h"
#include "server/dataset/training_data.h"
#include "server/serve/served_model.h"

namespace fovea::server {

using FromData = Insight (*)(const DataStatistics&);
using FromTraining = Insight (*)(const std::vector<TrainedEpoch>&);
using FromEvaluation = Insight (*)(const EvaluationReport&);
using FromHistory = Insight (*)(const Statistics&);

// A kind of chart.
struct InsightKind {
  const char* name;
  const char* title;
  std::variant<FromData, FromTraining, FromEvaluation, FromHistory> make;
  bool all_versions = false;  // always shows all versions
};

const std::vector<InsightKind>& insight_kinds();

struct InsightQuery {
  std::optional<StoredVersion> version;  // default: the active one
  std::string evaluation;                // of the version, see find_evaluation(); empty: the newest
  std::optional<Time> since;             // start of the history; default: all
  bool legacy_names = false;             // spell class names as the legacy API does: "Cat"
};

// A chart and where its data comes from. Without data, insight.sentence says why.
struct SourcedInsight {
  Insight insight;
  Source source;
};

// Finds a source when it is first needed, and remembers whether there is one.
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

// Makes charts for one query and reads each source at most once. For use by one thread. Throws
// IoError.
class InsightBuilder {
 public:
  InsightBuilder(const ChartContext& context, InsightQuery query);
  SourcedInsight build(const InsightKind& kind);
  // The image with this SHA-256, from the dataset or else from the model file of the source;
  // nullopt if neither has it.
  std::optional<Image> load_image(const Source& source, const std::string& sha256) const;

 private:
  Insight apply(FromData make, Source& source);
  Insight apply(FromTraining make, Source& source);
  Insight apply(FromEvaluation make, Source& source);
  Insight apply(FromHistory make, Source& source);
  std::string image_url(const Source& source, const std::string& sha256) const;  // empty: none
  void set_urls(SourcedInsight& result) const;

  const StoredVersion& version() const;  // throws NoSource if there is none

  const ChartContext context_;
  const InsightQuery query_;
  const std::shared_ptr<const ServedModel> active_;  // null: the project has no version yet
  std::optional<StoredVersion> version_;             // of the query, else the active one
  const std::shared_ptr<const TrainingSnapshot> snapshot_;
  Lazy<DataSource> data_;
  Lazy<TrainingSource> training_;
  Lazy<EvaluationSource> evaluation_;
  Lazy<HistorySource> history_, version_history_;
};

}  // namespace fovea::server
