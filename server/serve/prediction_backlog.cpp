#include "server/serve/prediction_backlog.h"

#include <algorithm>

namespace fovea::server {
namespace {

constexpr std::size_t kPerTransaction = 200;  // predictions

}  // namespace

bool PredictionBacklog::add(const NewPrediction& prediction) {
  if (waiting_.size() >= limits_.predictions) return false;
  Waiting& added = waiting_.emplace_back();
  added.record = prediction.record;
  if (image_bytes_ + prediction.image.size() <= limits_.image_bytes) {
    added.image.assign(prediction.image.begin(), prediction.image.end());
    image_bytes_ += added.image.size();
  }
  return true;
}

void PredictionBacklog::write_to(PredictionStore& store) {
  while (!waiting_.empty()) {
    const std::size_t count = std::min(kPerTransaction, waiting_.size());
    std::vector<NewPrediction> oldest;
    for (std::size_t i = 0; i < count; ++i) {
      oldest.push_back({waiting_[i].record, waiting_[i].image});
    }
    store.append(oldest);
    for (std::size_t i = 0; i < count; ++i) {
      image_bytes_ -= waiting_.front().image.size();
      waiting_.pop_front();
    }
  }
}

void PredictionBacklog::clear() {
  waiting_.clear();
  image_bytes_ = 0;
}

}  // namespace fovea::server
