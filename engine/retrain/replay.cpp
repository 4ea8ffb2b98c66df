#include "engine/retrain/replay.h"

#include <algorithm>
#include <numeric>

#include "engine/core/rng.h"

namespace fovea {
namespace {

constexpr std::uint64_t kReplayStream = 4;  // a child of Rng(seed), beside those of lanes.cpp

}  // namespace

Replay::Replay(const Dataset& dataset, ImagePool images, int replayed, const Preprocess& preprocess,
               std::uint64_t seed, int threads)
    : dataset_(dataset),
      images_(std::move(images)),
      preprocess_(preprocess),
      seed_(seed),
      threads_(threads) {
  const auto classes = std::count_if(images_.old.begin(), images_.old.end(),
                                     [](const auto& list) { return !list.empty(); });
  if (classes > 0) per_class_ = replayed / static_cast<int>(classes);
  set_ = load_images(dataset_, images_.fresh, preprocess_.size, preprocess_.fit, preprocess_.mean,
                     threads_);
  set_.classes = images_.classes;
  set_.labels = images_.fresh_labels;
  fill(0);
}

void Replay::fill(int epoch) {
  std::vector<const ImageRecord*> chosen;
  set_.labels.resize(images_.fresh.size());
  for (std::size_t c = 0; c < images_.old.size(); ++c) {
    std::vector<const ImageRecord*> pool = images_.old[c];
    const std::size_t count = std::min(pool.size(), static_cast<std::size_t>(per_class_));
    Rng rng = Rng(seed_).split(kReplayStream).split(static_cast<std::uint64_t>(epoch)).split(c);
    for (std::size_t i = 0; i < count; ++i) {  // Fisher and Yates, only as far as wanted
      const std::size_t other = i + rng.below(static_cast<std::uint32_t>(pool.size() - i));
      std::swap(pool[i], pool[other]);
      chosen.push_back(pool[i]);
      set_.labels.push_back(static_cast<int>(c));
    }
  }
  const TrainingSet old =
      load_images(dataset_, chosen, preprocess_.size, preprocess_.fit, preprocess_.mean, threads_);
  set_.pixels.resize(images_.fresh.size() * std::size_t(set_.size) * std::size_t(set_.size) * 3);
  set_.pixels.insert(set_.pixels.end(), old.pixels.begin(), old.pixels.end());
}

}  // namespace fovea
