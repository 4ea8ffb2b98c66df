#include "engine/retrain/head_targets.h"

#include <algorithm>
#include <cmath>

#include "engine/data/augment.h"
#include "engine/eval/features.h"
#include "engine/model/classifier.h"

namespace fovea {
namespace {

constexpr std::uint64_t kViewStream = 5;  // a child of Rng(seed), beside those of lanes.cpp
constexpr double kFullWeight = 100;       // fresh images of an old class that count as all old ones

std::vector<int> count(const std::vector<int>& labels, int classes) {
  std::vector<int> counts(static_cast<std::size_t>(classes));
  for (const int label : labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

}  // namespace

FreshFeatures extract_features(const RetrainPlan& plan, const Dataset& dataset,
                               const Preprocess& preprocess, const Network& network, int threads) {
  constexpr int kViews = FreshFeatures::kViews;
  FreshFeatures fresh;
  const auto& images = plan.fresh.train;
  constexpr std::size_t kChunk = 512;
  fresh.features = Tensor({static_cast<int>(images.size()) * kViews, 1, 1, network.feature_dim()});
  int row = 0;
  for (std::size_t first = 0; first < images.size(); first += kChunk) {
    const std::size_t end = std::min(images.size(), first + kChunk);
    const TrainingSet set = load_images(
        dataset, {images.begin() + std::ptrdiff_t(first), images.begin() + std::ptrdiff_t(end)},
        preprocess.size, preprocess.fit, preprocess.mean, threads);
    TrainingSet views = set;
    const std::size_t bytes = set.pixels.size() / std::max<std::size_t>(set.labels.size(), 1);
    for (int view = 0; view < kViews; ++view) {
      for (int i = 0; i < set.count() && view > 0; ++i) {
        augment(set.image(i), set.size, views.pixels.data() + static_cast<std::size_t>(i) * bytes,
                plan.recipe.augment, Rng(plan.recipe.seed).split(kViewStream).next_u32(), view,
                static_cast<int>(first) + i);
      }
      const Tensor features = evaluate_features(network, preprocess, views, threads);
      std::copy_n(features.data(), features.size(), fresh.features.image(row));
      row += set.count();
      for (std::size_t i = first; i < end; ++i) fresh.labels.push_back(plan.label(*images[i]));
    }
  }
  return fresh;
}

void imprint(Network& network, int old, const FreshFeatures& fresh) {
  const int dim = network.feature_dim(), outputs = network.outputs();
  Scalar* weight = network.head_weight().value.data();
  const auto at = [&](int d, int j) -> Scalar& { return weight[std::ptrdiff_t{d} * outputs + j]; };
  double length = 0;
  for (int j = 0; j < old; ++j) {
    double square = 0;
    for (int d = 0; d < dim; ++d) square += double{at(d, j)} * at(d, j);
    length += std::sqrt(square) / old;
  }
  for (int j = old; j < outputs; ++j) {
    std::vector<double> mean(static_cast<std::size_t>(dim));
    for (std::size_t i = 0; i < fresh.labels.size(); ++i) {
      if (fresh.labels[i] != j) continue;
      const Scalar* x = fresh.features.image(static_cast<int>(i));
      for (std::size_t d = 0; d < mean.size(); ++d) mean[d] += x[d];
    }
    double norm = 0;
    for (const double x : mean) norm += x * x;
    norm = std::sqrt(std::max(norm, 1e-20));
    for (int d = 0; d < dim; ++d) {
      at(d, j) = static_cast<Scalar>(mean[static_cast<std::size_t>(d)] / norm * length);
    }
  }
  if (Param* bias = network.head_bias()) {
    Scalar* b = bias->value.data();
    Scalar sum = 0;
    for (int j = 0; j < old; ++j) sum += b[j];
    std::fill(b + old, b + outputs, sum / static_cast<Scalar>(std::max(old, 1)));
  }
}

HeadTargets make_head_targets(const FreshFeatures& fresh, const Tensor& old_features,
                              const std::vector<int>& old_labels, const Network& champion,
                              int old_classes, int outputs) {
  const int old = old_features.shape().n, rows = old + fresh.features.shape().n;
  HeadTargets task;
  task.features = Tensor({rows, 1, 1, fresh.features.shape().c});
  task.targets = Tensor({rows, 1, 1, outputs});
  std::copy_n(old_features.data(), old_features.size(), task.features.data());
  std::copy_n(fresh.features.data(), fresh.features.size(),
              task.features.data() + old_features.size());
  Tensor answers;
  softmax(apply_head(champion, old_features), 1, answers);
  const std::vector<int> old_counts = count(old_labels, outputs);
  for (int i = 0; i < old; ++i) {
    std::copy_n(answers.image(i), answers.shape().c, task.targets.image(i));
    const int label = old_labels[static_cast<std::size_t>(i)];
    task.weights.push_back(1.0 / old_counts[static_cast<std::size_t>(label)]);
  }
  const std::vector<int> fresh_counts = count(fresh.labels, outputs);
  for (int i = old; i < rows; ++i) {
    const int label = fresh.labels[static_cast<std::size_t>(i - old)];
    task.targets.image(i)[label] = 1;
    const double n = fresh_counts[static_cast<std::size_t>(label)];
    const double images = n / FreshFeatures::kViews;
    const double share = label < old_classes ? std::min(1.0, images / kFullWeight) : 1;
    task.weights.push_back(share / n);
  }
  return task;
}

}  // namespace fovea
