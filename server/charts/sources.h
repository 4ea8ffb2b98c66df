#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/report/evaluation_json.h"
#include "server/charts/model_evaluations.h"
#include "server/store/job_store.h"
#include "server/store/prediction_store.h"
#include "server/store/version_store.h"

namespace fovea::server {

class DataStatisticsCache;
class Jobs;
class Registry;
class Store;
class TrainingData;

// What the data of the charts is read from.
struct ChartContext {
  Store& store;
  Registry& registry;
  TrainingData& training;
  DataStatisticsCache& data_statistics;
  ModelEvaluations& model_evaluations;
  Jobs& jobs;
  std::string dataset;          // its name
  std::string api = "/api/v1";  // where the paths of the project begin
};

// The data of a chart does not exist. The text says why, and how to obtain it.
class NoSource : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where the data of a chart comes from.
struct Source {
  std::shared_ptr<const nlohmann::ordered_json> json;  // for the API
  std::string text;                                    // the same, human-readable
  std::string caveat;                                  // empty: none
  bool images_here = true;  // false: the caveat says that its images are not on this machine
  // The evaluation of the model file of `version`, if that is the source: it may contain images.
  int version = 0;
  std::shared_ptr<const ModelEvaluation> model;
};

struct EvaluationSource {
  StoredEvaluation evaluation;
  Source source;
  std::chrono::system_clock::time_point date;
  bool current = false;  // the dataset has not changed since
  bool own = true;       // of the weights of this version
  bool stored = false;   // came with the model file
};

struct DataSource {
  DataStatistics statistics;
  Source source;
  bool on_this_machine = false;  // the dataset of this server
};

struct TrainingSource {
  std::vector<TrainedEpoch> epochs;
  Source source;
};

struct HistorySource {
  Statistics statistics;
  Source source;
};

// The id of the evaluation that came with the model file of a version.
inline constexpr const char* kModelEvaluation = "model";

// "/api/v1/models/2/evaluations"
std::string evaluations_url(const std::string& api, int version);
// Throws NoSource: the project has no version yet.
[[noreturn]] void no_version();

// The evaluation in the feature statistics of a version; null if there is none. Throws FormatError
// for a damaged file.
std::shared_ptr<const ModelEvaluation> stored_evaluation(const ChartContext& context,
                                                         const StoredVersion& version);

// An evaluation of the version by its number. Throws HttpError 404 if there is none.
Evaluation numbered_evaluation(const ChartContext& context, const StoredVersion& version,
                               const std::string& id);

// Throws HttpError 404: the version has no evaluation with this id.
[[noreturn]] void no_evaluation(const StoredVersion& version, const std::string& id);

// The functions below throw NoSource, and IoError if a disk fails.

// The newest evaluation of a version on the test split, otherwise the one of its model file.
EvaluationSource find_evaluation(const ChartContext& context, const StoredVersion& version);
// The one with this number, or the one of the model file for kModelEvaluation. Throws HttpError 404
// if there is none.
EvaluationSource find_evaluation(const ChartContext& context, const StoredVersion& version,
                                 const std::string& id);
// The newest evaluation on the test split, if the dataset has not changed since.
std::optional<EvaluationSource> find_current_evaluation(const ChartContext& context,
                                                        const StoredVersion& version);
// The one of the model file.
EvaluationSource find_stored_evaluation(const ChartContext& context, const StoredVersion& version);

// The dataset of this server; if it is empty, the data on which the active version was evaluated.
DataSource find_data(const ChartContext& context);
// The data on which a version was evaluated.
DataSource find_data(const ChartContext& context, const StoredVersion& version);

// The epochs of the job that trained a version, otherwise those in its evaluation.
TrainingSource find_training(const ChartContext& context, const StoredVersion& version);

// The predictions of one version or of all, since a time or in total.
HistorySource find_history(const ChartContext& context, std::optional<int> version,
                           std::optional<Time> since);

}  // namespace fovea::server
