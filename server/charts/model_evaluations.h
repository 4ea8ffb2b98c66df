#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/report/evaluation_images.h"
#include "server/store/version_store.h"

namespace fovea::server {

class Registry;

// The evaluation that came with the model file of a version.
struct ModelEvaluation {
  explicit ModelEvaluation(nlohmann::ordered_json parsed) : document(std::move(parsed)) {}

  nlohmann::ordered_json document;  // an object, without the member `images`
  EvaluationImages images;          // that member
  std::string images_error;         // why it is malformed; empty: it is not
};

// Reads these evaluations. Keeps the two last read, because every chart and every image needs one
// and reading takes 10 ms. Any thread; concurrent callers wait for the reading.
class ModelEvaluations {
 public:
  // Null if there is none, or the files of the version were removed. Throws IoError, and
  // FormatError for a damaged file.
  std::shared_ptr<const ModelEvaluation> get(const Registry& registry,
                                             const StoredVersion& version);

 private:
  std::mutex mutex_;
  // By SHA-256 of the feature statistics file; the last read first.
  std::deque<std::pair<std::string, std::shared_ptr<const ModelEvaluation>>> kept_;
};

}  // namespace fovea::server
