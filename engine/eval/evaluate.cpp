#include "engine/eval/evaluate.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {

Tensor evaluate_logits(const Network& network, const Preprocess& preprocess, const TrainingSet& set,
                       int threads) {
  constexpr int kChunk = 16;  // small, so that the activations stay in cache
  const int size = preprocess.size;
  if (set.size != size) {
    throw ShapeError("evaluate: images of " + std::to_string(set.size) +
                     " pixels, the model takes " + std::to_string(size));
  }
  struct Lane {
    Image image;
    Tensor x, logits;
    Scratch scratch;
  };
  std::vector<Lane> lanes(static_cast<std::size_t>(std::max(threads, 1)));
  const int outputs = network.outputs();
  Tensor all({set.count(), 1, 1, outputs});
  parallel_for((set.count() + kChunk - 1) / kChunk, threads, [&](int chunk, int thread) {
    Lane& lane = lanes[static_cast<std::size_t>(thread)];
    const int first = chunk * kChunk;
    const int count = std::min(kChunk, set.count() - first);
    lane.x.resize({count, size, size, 3});
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* pixels = set.image(first + i);
      lane.image.width = lane.image.height = size;
      lane.image.rgb.assign(pixels, pixels + std::ptrdiff_t{size} * size * 3);
      normalise(lane.image, preprocess, lane.x.image(i));
    }
    network.infer(lane.x, lane.logits, lane.scratch);
    std::copy_n(lane.logits.data(), lane.logits.size(), all.image(first));
  });
  return all;
}

}  // namespace fovea
