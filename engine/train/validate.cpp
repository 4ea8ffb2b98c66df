#include "engine/train/validate.h"

#include <algorithm>

#include "engine/eval/evaluate.h"
#include "engine/nn/loss.h"

namespace fovea {
namespace {

// The logits of all images: each rank computes those of its chunks, and gets the others.
Tensor shared_logits(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                     int threads, Ranks& ranks) {
  const std::int64_t chunks = (set.count() + kEvaluationChunk - 1) / kEvaluationChunk;
  const auto begin = [&](int rank) {
    const std::int64_t chunk = chunks * rank / ranks.size();
    return static_cast<int>(std::min<std::int64_t>(chunk * kEvaluationChunk, set.count()));
  };
  const int first = begin(ranks.rank());
  const Tensor own =
      evaluate_logits(network, preprocess, set, threads, first, begin(ranks.rank() + 1));
  Tensor all({set.count(), 1, 1, network.outputs()});
  std::copy_n(own.data(), own.size(), all.data() + std::int64_t{first} * network.outputs());
  std::vector<std::span<std::uint8_t>> parts;
  for (int r = 0; r < ranks.size(); ++r) {
    const std::int64_t at = std::int64_t{begin(r)} * network.outputs();
    const std::int64_t end = std::int64_t{begin(r + 1)} * network.outputs();
    parts.push_back({reinterpret_cast<std::uint8_t*>(all.data() + at),
                     static_cast<std::size_t>(end - at) * sizeof(Scalar)});
  }
  gather_parts(ranks, parts);
  return all;
}

}  // namespace

Validation validate(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                    int threads, Ranks* ranks) {
  if (set.count() == 0) return {};
  Tensor gradient;
  const Tensor logits = ranks == nullptr ? evaluate_logits(network, preprocess, set, threads)
                                         : shared_logits(network, set, preprocess, threads, *ranks);
  const double loss = softmax_cross_entropy(logits, set.labels, {}, gradient, 1);
  return {loss / set.count(), 1.0 * count_correct(logits, set.labels) / set.count()};
}

int count_correct(const Tensor& logits, std::span<const int> labels) {
  int correct = 0;
  for (int i = 0; i < int_size(labels); ++i) correct += logits.argmax(i) == labels[i];
  return correct;
}

}  // namespace fovea
