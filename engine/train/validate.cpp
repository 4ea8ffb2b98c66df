#include "engine/train/validate.h"

#include "engine/eval/evaluate.h"
#include "engine/nn/loss.h"

namespace fovea {
Validation validate(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                    int threads) {
  if (set.count() == 0) return {};
  Tensor gradient;
  const Tensor logits = evaluate_logits(network, preprocess, set, threads);
  const double loss = softmax_cross_entropy(logits, set.labels, {}, gradient, 1);
  return {loss / set.count(), 1.0 * count_correct(logits, set.labels) / set.count()};
}

int count_correct(const Tensor& logits, std::span<const int> labels) {
  int correct = 0;
  for (int i = 0; i < int_size(labels); ++i) correct += logits.argmax(i) == labels[i];
  return correct;
}

}  // namespace fovea
