#include "server/charts/model_evaluations.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/model/feature_statistics.h"
#include "engine/report/evaluation_json.h"
#include "server/registry/registry.h"

namespace fovea::server {
namespace {

constexpr std::size_t kEvaluationsKept = 2;

std::shared_ptr<const ModelEvaluation> parse_model_evaluation(const std::string& text) {
  auto document = parse_evaluation(text);
  if (!document.is_object()) return nullptr;
  auto evaluation = std::make_shared<ModelEvaluation>(std::move(document));
  try {
    evaluation->images = read_evaluation_images(evaluation->document);
  } catch (const FormatError& error) {
    evaluation->images_error = error.what();
  }
  evaluation->document.erase("images");
  return evaluation;
}

}  // namespace

std::shared_ptr<const ModelEvaluation> ModelEvaluations::get(const Registry& registry,
                                                             const StoredVersion& version) {
  if (version.removed || !version.features_sha256) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) {
    return entry.first == *version.features_sha256;
  });
  if (found != kept_.end()) return found->second;
  const auto file = registry.features_file(version);
  auto evaluation = parse_model_evaluation(read_feature_statistics(*file).evaluation);
  kept_.emplace_front(*version.features_sha256, evaluation);
  if (kept_.size() > kEvaluationsKept) kept_.pop_back();
  return evaluation;
}

}  // namespace fovea::server
