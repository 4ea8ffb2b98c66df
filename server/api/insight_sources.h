#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/report/evaluation_json.h"
#include "server/app/app.h"

namespace fovea::server {

// There is nothing a chart could be made from; the text says why, and how to change that.
class NoSource : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where the numbers of a chart come from.
struct Source {
  std::shared_ptr<const nlohmann::ordered_json> json;  // as answers have it
  std::string text;                                    // the same in words
  std::string caveat;                                  // empty: none
  bool images_here = true;  // else the caveat says that none of its images is at hand
};

struct EvaluationSource {
  StoredEvaluation evaluation;
  Source source;
  std::chrono::system_clock::time_point date;
  bool current = false;  // the training data is still what it was
  bool own = true;       // of this very version's weights
  bool stored = false;   // came with the model
};

struct DataSource {
  DataStatistics statistics;
  Source source;
  bool on_this_machine = false;  // it is the training data here
};

struct TrainingSource {
  std::vector<TrainedEpoch> epochs;
  Source source;
};

struct HistorySource {
  Statistics statistics;
  Source source;
};

// All throw NoSource; besides, IoError of a disk that fails.

// The newest evaluation of the version on the test split, else the one that came with it.
EvaluationSource find_evaluation(App& app, const StoredVersion& version);
// The one with this number, or "model": that came with it. Throws HttpError(404) when it has none.
EvaluationSource find_evaluation(App& app, const StoredVersion& version, const std::string& id);
// The newest on the test split whose training data is still that of today; nothing: there is none.
std::optional<EvaluationSource> find_current_evaluation(App& app, const StoredVersion& version);
// The one that came with it.
EvaluationSource find_stored_evaluation(App& app, const StoredVersion& version);

// The training data on this machine; without any, what the model in service was evaluated with.
DataSource find_data(App& app);
DataSource find_data(App& app, const StoredVersion& version);  // what it was evaluated with

// Of the job that made the version, else those its evaluation tells of.
TrainingSource find_training(App& app, const StoredVersion& version);

// Of one version, or all; since then, or all.
HistorySource find_history(App& app, std::optional<int> version, std::optional<Time> since);

}  // namespace fovea::server
