#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/serve/served_model.h"

namespace fovea::server {

struct Timing {        // milliseconds
  double decode = 0;   // image bytes to network input
  double queue = 0;    // from submit() until an inference thread took the image
  double compute = 0;  // the network, for the whole micro-batch of the image
};

// The outcome for one image.
struct Prediction {
  enum class Status {
    ok,
    bad_image,  // `error` says what is wrong with the bytes
    late,       // the deadline passed while the image was queued
    failed,     // internal error; `error` is for the log
  };
  Status status = Status::ok;
  std::vector<Scalar> probabilities;  // one per class, if ok
  float distance = 0;     // to the nearest training image, if the model recognises unknown images
  Tensor activation_map;  // of the most probable class, if `explain`: {1, h, w, 1}
  std::string error;
  Timing timing;
};

struct ImageFile {
  std::string name;  // of the form part; "body" for an image sent without a form
  std::span<const std::uint8_t> bytes;
};

// The images of one request, from the handler through the batcher and the history to the response.
struct PredictTask {
  // Set by the handler.
  std::shared_ptr<const ServedModel> model;  // a later activation does not change it
  std::vector<ImageFile> images;
  std::shared_ptr<const void> owner;  // keeps the bytes of the images alive
  std::string request_id;
  std::string api;              // that received the request: "v1", "legacy", "v2"
  double threshold = 0.5;       // a prediction with a lower probability is uncertain
  bool explain = false;         // REQUIRES: model->classifier.can_explain()
  bool all_or_nothing = false;  // one bad image fails the request, and nothing is recorded

  std::chrono::steady_clock::time_point deadline;  // set by PredictPipeline
  std::vector<Prediction> predictions;             // set by Batcher: one per image, in order
  // Set by PredictPipeline when the predictions are in the history.
  std::vector<std::int64_t> ids;  // one per image; 0: not recorded
  bool recorded = true;           // false: the history could not be written

  // Of the most probable class. REQUIRES: predictions[index] is ok.
  int best_class(std::size_t index) const;
  double probability(std::size_t index) const;
  bool uncertain(std::size_t index) const { return probability(index) < threshold; }
  // Whether the image resembles nothing that the model was trained on.
  bool unknown(std::size_t index) const {
    return model->classifier.is_unknown(predictions[index].distance);
  }
};

}  // namespace fovea::server
