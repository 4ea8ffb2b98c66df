#include "engine/model/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/model/model_file.h"

namespace fovea {
namespace {

// The number of layers before the global average pooling, if a Dense follows it directly; else 0.
std::size_t layers_before_average(const NetworkSpec& spec) {
  std::size_t at = spec.layers.size();
  if (at == 0 || !std::holds_alternative<DenseSpec>(spec.layers[--at].kind)) return 0;
  while (at > 0) {
    const auto& kind = spec.layers[--at].kind;
    if (std::holds_alternative<GlobalAvgPoolSpec>(kind)) return at;
    if (!std::holds_alternative<FlattenSpec>(kind) && !std::holds_alternative<DropoutSpec>(kind)) {
      return 0;
    }
  }
  return 0;
}

void require_finite(const Tensor& numbers, const char* what) {
  for (const Scalar number : numbers.values()) {
    if (!std::isfinite(number)) {
      throw FormatError(std::string("the model's weights are too large: ") + what +
                        " is not finite");
    }
  }
}

}  // namespace

Classifier::Classifier(std::span<const std::uint8_t> model_file)
    : Classifier(read_model_file(model_file)) {}

Classifier::Classifier(ModelFile file)
    : model_(std::move(file.model)),
      folded_(fold_batch_norm(model_.network)),
      map_layers_(layers_before_average(folded_.spec())),
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

void Classifier::predict(const Tensor& x, Tensor& probabilities, Scratch& scratch,
                         Tensor* distances) const {
  if (distances == nullptr || !recognises_unknown()) {
    if (distances != nullptr) *distances = {};
    folded_.infer(x, probabilities, scratch);
  } else {
    folded_.infer_features(x, scratch.features, scratch);
    require_finite(scratch.features, "a feature");
    nearest_distances(model_.novelty.references, scratch.features, *distances);
    folded_.infer_head(scratch.features, probabilities, scratch);
  }
  softmax(probabilities, model_.temperature, probabilities);
  require_finite(probabilities, "a probability");
}

Tensor Classifier::explain(const Tensor& x, int label, Scratch& scratch) const {
  if (!can_explain()) {
    throw ConfigError("the network of this model does not end in an average over all positions");
  }
  if (label < 0 || label >= int_size(classes())) {
    throw ConfigError("the model has no class " + std::to_string(label));
  }
  Tensor activations;
  folded_.infer_first(x, activations, scratch, map_layers_);
  const Tensor& weight = model_.network.head_weight().value;  // {1, 1, channels, classes}
  const auto [n, h, w, channels] = activations.shape();
  Tensor map({n, h, w, 1});
  for (int position = 0; position < n * h * w; ++position) {
    const Scalar* activation = activations.data() + std::ptrdiff_t{position} * channels;
    double sum = 0;
    for (int c = 0; c < channels; ++c) {
      sum += double{activation[c]} *
             double{weight.data()[std::ptrdiff_t{c} * int_size(classes()) + label]};
    }
    map.data()[position] = static_cast<Scalar>(sum);
  }
  require_finite(map, "an activation");
  return map;
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
