#include "engine/retrain/head_training_set.h"

#include <algorithm>
#include <cmath>

#include "engine/data/augment.h"
#include "engine/data/training_set.h"
#include "engine/eval/evaluate.h"
#include "engine/model/classifier.h"

namespace fovea {
namespace {

constexpr std::uint64_t kViewStream = 5;  // a child of Rng(seed), like those of micro_batches.cpp
constexpr double kFullWeight = 100;       // new images of an old class that get its full weight

std::vector<int> count(const std::vector<int>& labels, int classes) {
  std::vector<int> counts(classes);
  for (const int label : labels) ++counts[label];
  return counts;
}

}  // namespace

NewImageFeatures extract_features(const RetrainPlan& plan, const Dataset& dataset,
                                  const Preprocess& preprocess, const Network& network,
                                  int threads) {
  constexpr int kViews = NewImageFeatures::kViews;
  constexpr std::size_t kChunk = 512;  // images in memory at a time
  NewImageFeatures result;
  const auto& images = plan.new_images.train;
  result.features = Tensor({int_size(images) * kViews, 1, 1, network.feature_dim()});
  int row = 0;
  for (std::size_t first = 0; first < images.size(); first += kChunk) {
    const std::size_t end = std::min(images.size(), first + kChunk);
    const TrainingSet set = load_images(dataset, {images.begin() + first, images.begin() + end},
                                        preprocess.size, preprocess.fit, preprocess.mean, threads);
    TrainingSet views = set;
    const std::size_t bytes = set.pixels.size() / std::max<std::size_t>(set.labels.size(), 1);
    for (int view = 0; view < kViews; ++view) {  // view 0 is not augmented
      for (int i = 0; i < set.count() && view > 0; ++i) {
        augment(set.image(i), set.size, views.pixels.data() + i * bytes, plan.recipe.augment,
                Rng(plan.recipe.seed).split(kViewStream).next_u32(), view,
                static_cast<int>(first) + i);
      }
      const Tensor features = evaluate_features(network, preprocess, views, threads);
      std::copy_n(features.data(), features.size(), result.features.image(row));
      row += set.count();
      for (std::size_t i = first; i < end; ++i) result.labels.push_back(plan.label(*images[i]));
    }
  }
  return result;
}

void imprint_weights(Network& network, int old_classes, const NewImageFeatures& new_features) {
  const int dim = network.feature_dim(), outputs = network.outputs();
  Scalar* weight = network.head_weight().value.data();  // {dim, outputs}: a column for each class
  const auto at = [&](int d, int j) -> Scalar& { return weight[std::ptrdiff_t{d} * outputs + j]; };
  // The mean length of the old classes' columns.
  double length = 0;
  for (int j = 0; j < old_classes; ++j) {
    double square = 0;
    for (int d = 0; d < dim; ++d) square += double{at(d, j)} * at(d, j);
    length += std::sqrt(square) / old_classes;
  }
  // The normalised sum of a new class's features, scaled to that length.
  for (int j = old_classes; j < outputs; ++j) {
    std::vector<double> sum(dim);
    for (int i = 0; i < int_size(new_features.labels); ++i) {
      if (new_features.labels[i] != j) continue;
      const Scalar* x = new_features.features.image(i);
      for (int d = 0; d < dim; ++d) sum[d] += x[d];
    }
    double norm = 0;
    for (const double x : sum) norm += x * x;
    norm = std::sqrt(std::max(norm, 1e-20));
    for (int d = 0; d < dim; ++d) at(d, j) = static_cast<Scalar>(sum[d] / norm * length);
  }
  if (Param* bias = network.head_bias()) {
    Scalar* b = bias->value.data();
    Scalar sum = 0;
    for (int j = 0; j < old_classes; ++j) sum += b[j];
    std::fill(b + old_classes, b + outputs, sum / static_cast<Scalar>(std::max(old_classes, 1)));
  }
}

HeadTrainingSet make_head_training_set(const NewImageFeatures& new_features,
                                       const Tensor& old_features,
                                       const std::vector<int>& old_labels, const Network& champion,
                                       int old_classes, int outputs) {
  const int old_rows = old_features.shape().n;
  const int rows = old_rows + new_features.features.shape().n;
  HeadTrainingSet set;
  set.features = Tensor({rows, 1, 1, new_features.features.shape().c});
  set.targets = Tensor({rows, 1, 1, outputs});
  std::copy_n(old_features.data(), old_features.size(), set.features.data());
  std::copy_n(new_features.features.data(), new_features.features.size(),
              set.features.data() + old_features.size());
  // Old rows: the champion's probabilities, weight 1 / rows of the class.
  Tensor probabilities;
  softmax(apply_head(champion, old_features), 1, probabilities);
  const std::vector<int> old_counts = count(old_labels, outputs);
  for (int i = 0; i < old_rows; ++i) {
    std::copy_n(probabilities.image(i), probabilities.shape().c, set.targets.image(i));
    set.weights.push_back(1.0 / old_counts[old_labels[i]]);
  }
  // New rows: the label, weight 1 / rows of the class, reduced for few images of an old class.
  const std::vector<int> new_counts = count(new_features.labels, outputs);
  for (int i = old_rows; i < rows; ++i) {
    const int label = new_features.labels[i - old_rows];
    set.targets.image(i)[label] = 1;
    const double n = new_counts[label];
    const double images = n / NewImageFeatures::kViews;
    const double total = label < old_classes ? std::min(1.0, images / kFullWeight) : 1;
    set.weights.push_back(total / n);
  }
  return set;
}

}  // namespace fovea
