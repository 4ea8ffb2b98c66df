#include "engine/model/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/model/model_file.h"

namespace fovea {

Classifier::Classifier(std::span<const std::uint8_t> model_file)
    : Classifier(read_model_file(model_file)) {}

Classifier::Classifier(ModelFile file)
    : model_(std::move(file.model)),
      folded_(fold_batch_norm(model_.network)),
      sha256_(std::move(file.weights_sha256)) {
  model_.network.discard_gradients();
}

Tensor Classifier::prepare(std::span<const std::uint8_t> image, const DecodeLimits& limits) const {
  Tensor x;
  with_image(
      image, [&](const Image& decoded) { x = preprocess_image(decoded, model_.preprocess); },
      limits);
  return x;
}

void Classifier::predict(const Tensor& x, Tensor& probabilities, Scratch& scratch) const {
  folded_.infer(x, probabilities, scratch);
  softmax(probabilities, model_.temperature, probabilities);
  for (const Scalar p : probabilities.values()) {
    if (!std::isfinite(p)) {
      throw FormatError("the model's weights are too large: a probability is not finite");
    }
  }
}

std::vector<int> top_k(std::span<const Scalar> probabilities, int k) {
  std::vector<int> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  const int count = std::clamp(k, 0, int_size(order));
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int a, int b) {
    const Scalar pa = probabilities[a], pb = probabilities[b];
    return pa != pb ? pa > pb : a < b;
  });
  order.resize(count);
  return order;
}

void softmax(const Tensor& logits, float temperature, Tensor& probabilities) {
  if (!(temperature > 0)) {
    throw ConfigError("softmax: temperature " + std::to_string(temperature) + " is not above 0");
  }
  probabilities.resize(logits.shape());
  const std::int64_t classes = logits.shape().per_image();
  for (int n = 0; n < logits.shape().n; ++n) {
    const Scalar* in = logits.image(n);
    Scalar* out = probabilities.image(n);
    // Subtracting the largest logit does not change the result and prevents an overflow of exp.
    const Scalar largest = *std::max_element(in, in + classes);
    Scalar sum = 0;
    for (std::int64_t i = 0; i < classes; ++i) {
      out[i] = std::exp((in[i] - largest) / temperature);
      sum += out[i];
    }
    for (std::int64_t i = 0; i < classes; ++i) out[i] /= sum;
  }
}

}  // namespace fovea
