#include "engine/train/validate.h"

#include <algorithm>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/nn/loss.h"

namespace fovea {
namespace {

constexpr int kChunk = 16;  // pictures a thread infers at a time: small, so that they stay in cache

struct Worker {
  Image square;
  Tensor x;
  Tensor logits;
  Scratch scratch;
};

}  // namespace

void infer_all(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
               int threads, Tensor& logits) {
  const int count = set.count(), classes = network.outputs();
  const std::size_t bytes = static_cast<std::size_t>(set.size) * set.size * 3;
  logits.resize({count, 1, 1, classes});
  std::vector<Worker> workers(static_cast<std::size_t>(std::max(threads, 1)));
  parallel_for((count + kChunk - 1) / kChunk, threads, [&](int chunk, int thread) {
    Worker& worker = workers[static_cast<std::size_t>(thread)];
    const int begin = chunk * kChunk, end = std::min(begin + kChunk, count);
    worker.square.width = worker.square.height = set.size;
    worker.x.resize({end - begin, set.size, set.size, 3});
    for (int i = begin; i < end; ++i) {
      worker.square.rgb.assign(set.picture(i), set.picture(i) + bytes);
      normalise(worker.square, preprocess, worker.x.image(i - begin));
    }
    network.infer(worker.x, worker.logits, worker.scratch);
    std::copy_n(worker.logits.data(), worker.logits.size(), logits.image(begin));
  });
}

Validation validate(const Network& network, const TrainingSet& set, const Preprocess& preprocess,
                    int threads) {
  Tensor logits, gradient;
  infer_all(network, set, preprocess, threads, logits);
  if (set.count() == 0) return {};
  const double loss = softmax_cross_entropy(logits, set.labels, {}, gradient, 1);
  return {loss / set.count(), 1.0 * count_correct(logits, set.labels) / set.count()};
}

int count_correct(const Tensor& logits, std::span<const int> labels) {
  const int classes = logits.shape().c;
  int correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Scalar* row = logits.image(static_cast<int>(i));
    correct += std::max_element(row, row + classes) - row == labels[i];
  }
  return correct;
}

}  // namespace fovea
