#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "server/store/prediction_store.h"

namespace fovea::server {

// Predictions that wait until the database is available again, in order, with copies of their
// images. Used by one thread.
class PredictionBacklog {
 public:
  struct Limits {
    std::size_t predictions = 10'000;
    std::size_t image_bytes = std::size_t{32} << 20;  // of all images
  };
  explicit PredictionBacklog(Limits limits) : limits_(limits) {}

  // Appends the prediction; false if the backlog is full. If its image does not fit, the prediction
  // is kept without it.
  bool add(const NewPrediction& prediction);
  // Writes the oldest predictions to the store and removes them from here, until none is left.
  // Throws what append() throws; then the predictions that were not written are still here.
  void write_to(PredictionStore& store);

  void clear();

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    PredictionRecord record;
    std::vector<std::uint8_t> image;
  };

  const Limits limits_;
  std::deque<Waiting> waiting_;
  std::size_t image_bytes_ = 0;
};

}  // namespace fovea::server
