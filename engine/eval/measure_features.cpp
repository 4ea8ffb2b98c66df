#include "engine/eval/measure_features.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/data/training_set.h"
#include "engine/eval/class_map.h"
#include "engine/eval/evaluate.h"
#include "engine/model/network.h"

namespace fovea {
namespace {

// Counts, means and sums of squared deviations of each class.
struct Scatter {
  std::size_t dim;
  std::vector<std::int64_t> counts;  // {classes}
  std::vector<double> means;         // {classes, dim}
  std::vector<double> within;        // {classes, dim, dim}, upper triangles: sum of
                                     // (x - mean)(x - mean)'

  Scatter(std::size_t classes, std::size_t d)
      : dim(d), counts(classes), means(classes * d), within(classes * d * d) {}

  // within += weight * d d'
  void add_outer(std::size_t of_class, const std::vector<double>& d, double weight) {
    double* sums = &within[of_class * dim * dim];
    for (std::size_t i = 0; i < dim; ++i) {
      if (d[i] == 0) continue;  // e.g. a feature that is always 0 after its ReLU
      const double scaled = weight * d[i];
      for (std::size_t j = i; j < dim; ++j) sums[i * dim + j] += scaled * d[j];
    }
  }
};

void check(const std::vector<std::string>& classes, const Tensor& features,
           const std::vector<int>& labels) {
  if (features.shape().n != std::ssize(labels)) {
    throw ShapeError("features: " + std::to_string(features.shape().n) + " vectors for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (const int label : labels) {
    if (label < 0 || label >= std::ssize(classes)) {
      throw ShapeError("features: label " + std::to_string(label) + " is not below " +
                       std::to_string(classes.size()));
    }
  }
}

// In two passes: the means, then the deviations from them.
Scatter measure(std::size_t classes, const Tensor& features, const std::vector<int>& labels) {
  const std::size_t dim = features.shape().c;
  Scatter scatter(classes, dim);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const std::size_t label = labels[n];
    ++scatter.counts[label];
    const Scalar* x = features.image(static_cast<int>(n));
    for (std::size_t i = 0; i < dim; ++i) scatter.means[label * dim + i] += x[i];
  }
  for (std::size_t c = 0; c < classes; ++c) {
    const auto count = static_cast<double>(std::max<std::int64_t>(scatter.counts[c], 1));
    for (std::size_t i = 0; i < dim; ++i) scatter.means[c * dim + i] /= count;
  }
  std::vector<double> difference(dim);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const std::size_t label = labels[n];
    const double* mean = &scatter.means[label * dim];
    const Scalar* x = features.image(static_cast<int>(n));
    for (std::size_t i = 0; i < dim; ++i) difference[i] = x[i] - mean[i];
    scatter.add_outer(label, difference, 1);
  }
  return scatter;
}

// Counts, means, and covariance = within / (count - 1).
void set_statistics(FeatureStatistics& statistics, const Scatter& scatter) {
  const std::size_t dim = scatter.dim, classes = scatter.counts.size();
  statistics.dim = static_cast<int>(dim);
  statistics.counts = scatter.counts;
  statistics.means = Tensor({static_cast<int>(classes), 1, 1, statistics.dim});
  for (std::size_t i = 0; i < scatter.means.size(); ++i) {
    statistics.means.data()[i] = static_cast<Scalar>(scatter.means[i]);
  }
  statistics.covariances = Tensor({static_cast<int>(classes), statistics.dim, 1, statistics.dim});
  for (std::size_t c = 0; c < classes; ++c) {
    if (scatter.counts[c] < 2) continue;
    const auto degrees = static_cast<double>(scatter.counts[c] - 1);
    const double* within = &scatter.within[c * dim * dim];
    Scalar* covariance = statistics.covariances.image(static_cast<int>(c));
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = i; j < dim; ++j) {
        const auto value = static_cast<Scalar>(within[i * dim + j] / degrees);
        covariance[i * dim + j] = covariance[j * dim + i] = value;
      }
    }
  }
}

// Collects held-out vectors in their order, at most `limit` of each class.
class HoldoutCollector {
 public:
  HoldoutCollector(std::size_t classes, int limit) : counts_(classes), limit_(limit) {}

  // The tensor must outlive move_into().
  void add(const Tensor& features, const std::vector<int>& labels) {
    for (std::size_t n = 0; n < labels.size(); ++n) {
      int& count = counts_[labels[n]];
      if (count >= limit_) continue;
      ++count;
      rows_.push_back(features.image(static_cast<int>(n)));
      labels_.push_back(labels[n]);
    }
  }
  void move_into(FeatureStatistics& statistics) {
    statistics.holdout = Tensor({int_size(rows_), 1, 1, statistics.dim});
    for (std::size_t n = 0; n < rows_.size(); ++n) {
      std::copy_n(rows_[n], statistics.dim, statistics.holdout.image(static_cast<int>(n)));
    }
    statistics.labels = std::move(labels_);
  }

 private:
  std::vector<const Scalar*> rows_;
  std::vector<int> labels_;
  std::vector<int> counts_;  // {classes}
  int limit_;
};

// Adds the images behind stored statistics to the scatter. Two groups of n1 and n2 images with
// means m1 and m2 have together the sum of their scatters and n1 n2 / (n1 + n2) (m1 - m2)(m1 - m2)'
// (Chan, Golub, LeVeque 1979). Class c of the statistics is class class_map[c] of the scatter.
void add_statistics(Scatter& all, const FeatureStatistics& statistics,
                    const std::vector<int>& class_map) {
  const std::size_t dim = all.dim;
  std::vector<double> difference(dim);
  for (std::size_t c = 0; c < class_map.size(); ++c) {
    if (statistics.counts[c] == 0) continue;
    const std::size_t to = class_map[c];
    std::int64_t& count = all.counts[to];
    const auto n1 = static_cast<double>(count), n2 = static_cast<double>(statistics.counts[c]);
    const Scalar* covariance = statistics.covariances.image(static_cast<int>(c));
    double* within = &all.within[to * dim * dim];
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = i; j < dim; ++j) {
        within[i * dim + j] += (n2 - 1) * static_cast<double>(covariance[i * dim + j]);
      }
    }
    double* mean = &all.means[to * dim];
    const Scalar* other_mean = statistics.means.image(static_cast<int>(c));
    for (std::size_t i = 0; i < dim; ++i) difference[i] = other_mean[i] - mean[i];
    if (count > 0) all.add_outer(to, difference, n1 * n2 / (n1 + n2));
    for (std::size_t i = 0; i < dim; ++i) mean[i] += difference[i] * n2 / (n1 + n2);
    count += statistics.counts[c];
  }
}

// The images of the splits, at most `limit` of each class.
std::vector<const ImageRecord*> select(const Dataset& dataset, const std::vector<Split>& splits,
                                       int limit) {
  std::vector<int> counts(dataset.classes().size());
  std::vector<const ImageRecord*> selected;
  for (const ImageRecord& image : dataset.images()) {
    if (std::find(splits.begin(), splits.end(), image.split) == splits.end()) continue;
    if (counts[image.label]++ < limit) selected.push_back(&image);
  }
  return selected;
}

}  // namespace

FeatureStatistics measure_feature_statistics(const std::vector<std::string>& classes,
                                             const Tensor& features, const std::vector<int>& labels,
                                             const Tensor& holdout,
                                             const std::vector<int>& held_out_labels,
                                             const FeatureStatisticsOptions& options) {
  check(classes, features, labels);
  check(classes, holdout, held_out_labels);
  const int dim = features.shape().c;
  if (!held_out_labels.empty() && holdout.shape().c != dim) {
    throw ShapeError("features: the held-out vectors have " + std::to_string(holdout.shape().c) +
                     " numbers, the others " + std::to_string(dim));
  }
  FeatureStatistics statistics;
  statistics.classes = classes;
  set_statistics(statistics, measure(classes.size(), features, labels));
  HoldoutCollector collector(classes.size(), options.held_out_per_class);
  collector.add(holdout, held_out_labels);
  collector.move_into(statistics);
  return statistics;
}

FeatureStatistics measure_feature_statistics(const Model& model, const std::string& sha256,
                                             const Dataset& dataset, const std::string& data,
                                             int threads, const FeatureStatisticsOptions& options) {
  const Network network = fold_batch_norm(model.network);
  const Preprocess& preprocess = model.preprocess;
  std::vector<int> labels[2];  // of the images for the statistics, and of the held-out ones
  Tensor features[2];
  for (const int i : {0, 1}) {
    const auto images = i == 0 ? select(dataset, options.statistics, options.statistics_per_class)
                               : select(dataset, options.holdout, options.held_out_per_class);
    TrainingSet set =
        load_images(dataset, images, preprocess.size, preprocess.fit, preprocess.mean, threads);
    match_classes(set, model.classes);
    features[i] = evaluate_features(network, preprocess, set, threads);
    labels[i] = std::move(set.labels);
  }
  FeatureStatistics statistics = measure_feature_statistics(model.classes, features[0], labels[0],
                                                            features[1], labels[1], options);
  statistics.data = data;
  statistics.data_revision = dataset.revision();
  statistics.weights_sha256 = sha256;
  return statistics;
}

FeatureStatistics merge_feature_statistics(const FeatureStatistics& a, const FeatureStatistics& b,
                                           const std::vector<std::string>& classes,
                                           const FeatureStatisticsOptions& options) {
  if (a.dim != b.dim) {
    throw ShapeError("features: statistics of " + std::to_string(a.dim) + " and " +
                     std::to_string(b.dim) + " features cannot be merged");
  }
  FeatureStatistics merged;
  merged.classes = classes;
  Scatter all(classes.size(), a.dim);
  HoldoutCollector collector(classes.size(), options.held_out_per_class);
  for (const FeatureStatistics* part : {&a, &b}) {
    const std::vector<int> class_map = map_classes(part->classes, classes);
    add_statistics(all, *part, class_map);
    std::vector<int> labels;
    for (const int label : part->labels) labels.push_back(class_map[label]);
    collector.add(part->holdout, labels);
  }
  set_statistics(merged, all);
  collector.move_into(merged);
  merged.evaluation = a.evaluation;
  merged.data = a.data;
  merged.data_revision = a.data_revision;
  merged.weights_sha256 = a.weights_sha256;
  return merged;
}

}  // namespace fovea
