#include "engine/eval/evaluate.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

// Runs infer(x, y, scratch) on chunks of the normalised images begin <= i < end and returns all y,
// {end - begin, 1, 1, width}.
template <class Infer>
Tensor evaluate(const Preprocess& preprocess, const TrainingSet& set, int begin, int end, int width,
                int threads, Infer infer) {
  const int size = preprocess.size;
  if (set.size != size) {
    throw ShapeError("evaluate: the images have " + std::to_string(set.size) +
                     " pixels, but the model takes " + std::to_string(size));
  }
  struct ThreadBuffers {
    Image image;
    Tensor x, y;
    Scratch scratch;
  };
  std::vector<ThreadBuffers> buffers(std::max(threads, 1));
  Tensor all({end - begin, 1, 1, width});
  const int chunks = (end - begin + kEvaluationChunk - 1) / kEvaluationChunk;
  parallel_for(chunks, threads, [&](int chunk, int thread) {
    ThreadBuffers& b = buffers[thread];
    const int first = begin + chunk * kEvaluationChunk;
    const int count = std::min(kEvaluationChunk, end - first);
    b.x.resize({count, size, size, 3});
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* pixels = set.image(first + i);
      b.image.width = b.image.height = size;
      b.image.rgb.assign(pixels, pixels + std::ptrdiff_t{size} * size * 3);
      normalise(b.image, preprocess, b.x.image(i));
    }
    infer(b.x, b.y, b.scratch);
    std::copy_n(b.y.data(), b.y.size(), all.image(first - begin));
  });
  return all;
}

}  // namespace

Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads) {
  return evaluate_logits(network, preprocess, set, threads, 0, set.count());
}

Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads, int begin, int end) {
  return evaluate(preprocess, set, begin, end, network.outputs(), threads,
                  [&](const Tensor& x, Tensor& y, Scratch& s) { network.infer(x, y, s); });
}

Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads) {
  return evaluate(preprocess, set, 0, set.count(), network.feature_dim(), threads,
                  [&](const Tensor& x, Tensor& y, Scratch& s) { network.infer_features(x, y, s); });
}

Tensor apply_head(const Network& network, const Tensor& features) {
  Tensor logits;
  Scratch scratch;
  network.infer_head(features, logits, scratch);
  return logits;
}

}  // namespace fovea
