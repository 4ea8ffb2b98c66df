#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/image/decode.h"
#include "engine/model/model.h"

namespace fovea {

struct ModelFile;

// Image bytes to probabilities: the code that the CLI, the server and the browser share. Immutable
// after construction; thread-safe when each thread has its own Scratch.
class Classifier {
 public:
  // Reads a model file and folds batch norm into the convolutions. Throws FormatError.
  explicit Classifier(std::span<const std::uint8_t> model_file);

  const std::vector<std::string>& classes() const { return model_.classes; }
  const Model& model() const { return model_; }  // as read, batch norm not folded
  const std::string& weights_sha256() const { return sha256_; }

  // Bytes of an image file (decode.h) -> network input {1, size, size, 3}. Throws FormatError.
  Tensor prepare(std::span<const std::uint8_t> image, const DecodeLimits& limits = {}) const;
  // Inputs {n, size, size, 3} -> calibrated probabilities {n, 1, 1, classes}, each row sums to 1,
  // and, unless null, the distances {n, 1, 1, 1} to the nearest training image (novelty.h), empty
  // when the model cannot recognise unknown images. Throws FormatError when the weights are so
  // large that a number is not finite.
  void predict(const Tensor& x, Tensor& probabilities, Scratch& scratch,
               Tensor* distances = nullptr) const;
  bool recognises_unknown() const { return model_.novelty.available(); }
  // Whether an image at this distance resembles nothing the model was trained on.
  bool is_unknown(float distance) const {
    return recognises_unknown() && distance > model_.novelty.threshold;
  }

  // The network averages its last activations over all positions, so that the logit of a class is
  // the mean of the contributions of the positions, plus its bias (class activation mapping; Zhou
  // et al. 2016, "Learning deep features for discriminative localization", CVPR, section 2).
  bool can_explain() const { return map_layers_ > 0; }
  // The contributions {1, h, w, 1} to the logit of class `label` for an input {1, size, size, 3}.
  // Throws ConfigError when can_explain() is false or there is no such class.
  Tensor explain(const Tensor& x, int label, Scratch& scratch) const;

 private:
  explicit Classifier(ModelFile file);
  Model model_;
  Network folded_;
  std::size_t map_layers_ = 0;  // of folded_, before the average over all positions
  std::string sha256_;
};

// Indices of the k largest probabilities, largest first, ties to the lower index.
std::vector<int> top_k(std::span<const Scalar> probabilities, int k);

// softmax(logits / temperature), row by row; `probabilities` may be the same tensor. Throws
// ConfigError unless temperature > 0.
void softmax(const Tensor& logits, float temperature, Tensor& probabilities);

}  // namespace fovea
