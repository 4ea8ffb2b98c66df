#include "engine/retrain/replay.h"

#include <algorithm>
#include <numeric>

#include "engine/core/rng.h"

namespace fovea {
namespace {

constexpr std::uint64_t kReplayStream = 4;  // a child of Rng(seed), like those of micro_batches.cpp

}  // namespace

Replay::Replay(const Dataset& dataset, ImagePool images, int replayed, const Preprocess& preprocess,
               std::uint64_t seed, int threads)
    : dataset_(dataset),
      images_(std::move(images)),
      preprocess_(preprocess),
      seed_(seed),
      threads_(threads) {
  const auto classes = std::count_if(images_.old_images.begin(), images_.old_images.end(),
                                     [](const auto& list) { return !list.empty(); });
  if (classes > 0) per_class_ = replayed / static_cast<int>(classes);
  set_ = load_images(dataset_, images_.new_images, preprocess_.size, preprocess_.fit,
                     preprocess_.mean, threads_);
  set_.classes = images_.classes;
  set_.labels = images_.new_labels;
  load_epoch(0);
}

void Replay::load_epoch(int epoch) {
  std::vector<const ImageRecord*> sample;
  set_.labels.resize(images_.new_images.size());
  for (std::size_t c = 0; c < images_.old_images.size(); ++c) {
    std::vector<const ImageRecord*> pool = images_.old_images[c];
    const std::size_t count = std::min<std::size_t>(pool.size(), per_class_);
    Rng rng = Rng(seed_).split(kReplayStream).split(epoch).split(c);
    for (std::size_t i = 0; i < count; ++i) {  // the first `count` steps of a Fisher-Yates shuffle
      const std::size_t other = i + rng.below(static_cast<std::uint32_t>(pool.size() - i));
      std::swap(pool[i], pool[other]);
      sample.push_back(pool[i]);
      set_.labels.push_back(static_cast<int>(c));
    }
  }
  const TrainingSet old =
      load_images(dataset_, sample, preprocess_.size, preprocess_.fit, preprocess_.mean, threads_);
  set_.pixels.resize(images_.new_images.size() * set_.size * set_.size * 3);
  set_.pixels.insert(set_.pixels.end(), old.pixels.begin(), old.pixels.end());
}

}  // namespace fovea
