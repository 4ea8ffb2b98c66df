#include "engine/eval/features.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/text.h"

namespace fovea {

Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads) {
  constexpr int kChunk = 16;  // small, so that the activations stay in cache
  const int size = preprocess.size;
  if (set.size != size) {
    throw ShapeError("features: images of " + std::to_string(set.size) +
                     " pixels, the model takes " + std::to_string(size));
  }
  struct Lane {
    Image image;
    Tensor x, features;
    Scratch scratch;
  };
  std::vector<Lane> lanes(static_cast<std::size_t>(std::max(threads, 1)));
  Tensor all({set.count(), 1, 1, network.feature_dim()});
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
    network.infer_features(lane.x, lane.features, lane.scratch);
    std::copy_n(lane.features.data(), lane.features.size(), all.image(first));
  });
  return all;
}

Tensor apply_head(const Network& network, const Tensor& features) {
  Tensor logits;
  Scratch scratch;
  network.infer_head(features, logits, scratch);
  return logits;
}

std::vector<int> class_places(const std::vector<std::string>& names,
                              const std::vector<std::string>& classes) {
  std::vector<int> index;
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) unknown.push_back(name);
    index.push_back(static_cast<int>(found - classes.begin()));
  }
  if (unknown.empty()) return index;
  throw ConfigError("the dataset has classes that the model does not know: " + join(unknown) +
                    " (the model knows: " + join(classes) + ")");
}

void match_classes(TrainingSet& set, const std::vector<std::string>& classes) {
  const std::vector<int> where = class_places(set.classes, classes);
  for (int& label : set.labels) label = where[static_cast<std::size_t>(label)];
  set.classes = classes;
}

}  // namespace fovea
