#include "engine/eval/bundle.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/eval/features.h"
#include "engine/model/fold.h"

namespace fovea {
namespace {

// Sums over images, from which means and covariances follow exactly.
struct Scatter {
  std::size_t dim;
  std::vector<std::int64_t> counts;  // {classes}
  std::vector<double> means;         // {classes, dim}
  std::vector<double> within;        // {classes, dim, dim}, upper triangles: sum of
                                     // (x - mean)(x - mean)'

  Scatter(std::size_t classes, std::size_t d)
      : dim(d), counts(classes), means(classes * d), within(classes * d * d) {}

  void add_outer(std::size_t of_class, const std::vector<double>& d, double weight) {
    double* sums = &within[of_class * dim * dim];
    for (std::size_t i = 0; i < dim; ++i) {
      if (d[i] == 0) continue;  // a feature that is always 0 behind its ReLU
      const double scaled = weight * d[i];
      for (std::size_t j = i; j < dim; ++j) sums[i * dim + j] += scaled * d[j];
    }
  }
};

void check(const std::vector<std::string>& classes, const Tensor& features,
           const std::vector<int>& labels) {
  if (static_cast<std::size_t>(features.shape().n) != labels.size()) {
    throw ShapeError("features: " + std::to_string(features.shape().n) + " vectors for " +
                     std::to_string(labels.size()) + " labels");
  }
  for (const int label : labels) {
    if (label < 0 || static_cast<std::size_t>(label) >= classes.size()) {
      throw ShapeError("features: label " + std::to_string(label) + " is not below " +
                       std::to_string(classes.size()));
    }
  }
}

Scatter measure(std::size_t classes, const Tensor& features, const std::vector<int>& labels) {
  const auto dim = static_cast<std::size_t>(features.shape().c);
  Scatter scatter(classes, dim);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto label = static_cast<std::size_t>(labels[n]);
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
    const auto label = static_cast<std::size_t>(labels[n]);
    const double* mean = &scatter.means[label * dim];
    const Scalar* x = features.image(static_cast<int>(n));
    for (std::size_t i = 0; i < dim; ++i) difference[i] = x[i] - mean[i];
    scatter.add_outer(label, difference, 1);
  }
  return scatter;
}

void fill_statistics(FeatureBundle& bundle, const Scatter& scatter) {
  const std::size_t dim = scatter.dim, classes = scatter.counts.size();
  bundle.dim = static_cast<int>(dim);
  bundle.counts = scatter.counts;
  bundle.means = Tensor({static_cast<int>(classes), 1, 1, bundle.dim});
  for (std::size_t i = 0; i < scatter.means.size(); ++i) {
    bundle.means.data()[i] = static_cast<Scalar>(scatter.means[i]);
  }
  bundle.covariances = Tensor({static_cast<int>(classes), bundle.dim, 1, bundle.dim});
  for (std::size_t c = 0; c < classes; ++c) {
    if (scatter.counts[c] < 2) continue;
    const auto degrees = static_cast<double>(scatter.counts[c] - 1);
    const double* within = &scatter.within[c * dim * dim];
    Scalar* covariance = bundle.covariances.image(static_cast<int>(c));
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = i; j < dim; ++j) {
        const auto value = static_cast<Scalar>(within[i * dim + j] / degrees);
        covariance[i * dim + j] = covariance[j * dim + i] = value;
      }
    }
  }
}

// Vectors in their order, at most `most` of each class, after those that `taken` counts.
struct Holdout {
  std::vector<const Scalar*> rows;
  std::vector<int> labels;
  std::vector<int> taken;  // {classes}

  void add(const Tensor& features, const std::vector<int>& classes_of, int most) {
    for (std::size_t n = 0; n < classes_of.size(); ++n) {
      int& count = taken[static_cast<std::size_t>(classes_of[n])];
      if (count >= most) continue;
      ++count;
      rows.push_back(features.image(static_cast<int>(n)));
      labels.push_back(classes_of[n]);
    }
  }
  void move_into(FeatureBundle& bundle) {
    bundle.holdout = Tensor({static_cast<int>(rows.size()), 1, 1, bundle.dim});
    for (std::size_t n = 0; n < rows.size(); ++n) {
      std::copy_n(rows[n], bundle.dim, bundle.holdout.image(static_cast<int>(n)));
    }
    bundle.labels = std::move(labels);
  }
};

// Adds the images behind a bundle to the scatter (Chan, Golub, LeVeque 1979: two groups with
// means m1, m2 together have the scatters' sum and n1 n2 / (n1 + n2) (m1 - m2)(m1 - m2)').
void join(Scatter& all, const FeatureBundle& bundle, const std::vector<int>& where) {
  const std::size_t dim = all.dim;
  std::vector<double> difference(dim);
  for (std::size_t c = 0; c < where.size(); ++c) {
    const auto to = static_cast<std::size_t>(where[c]);
    std::int64_t& count = all.counts[to];
    const auto n1 = static_cast<double>(count), n2 = static_cast<double>(bundle.counts[c]);
    if (bundle.counts[c] == 0) continue;
    const Scalar* covariance = bundle.covariances.image(static_cast<int>(c));
    double* within = &all.within[to * dim * dim];
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = i; j < dim; ++j) {
        within[i * dim + j] += (n2 - 1) * static_cast<double>(covariance[i * dim + j]);
      }
    }
    double* mean = &all.means[to * dim];
    const Scalar* other = bundle.means.image(static_cast<int>(c));
    for (std::size_t i = 0; i < dim; ++i) difference[i] = other[i] - mean[i];
    if (count > 0) all.add_outer(to, difference, n1 * n2 / (n1 + n2));
    for (std::size_t i = 0; i < dim; ++i) mean[i] += difference[i] * n2 / (n1 + n2);
    count += bundle.counts[c];
  }
}

// The images of the splits, at most `most` of each class.
std::vector<const ImageRecord*> choose(const Dataset& dataset, const std::vector<Split>& splits,
                                       int most) {
  std::vector<int> taken(dataset.classes().size());
  std::vector<const ImageRecord*> chosen;
  for (const ImageRecord& image : dataset.images()) {
    if (std::find(splits.begin(), splits.end(), image.split) == splits.end()) continue;
    if (taken[static_cast<std::size_t>(image.label)]++ < most) chosen.push_back(&image);
  }
  return chosen;
}

}  // namespace

FeatureBundle make_bundle(const std::vector<std::string>& classes, const Tensor& features,
                          const std::vector<int>& labels, const Tensor& holdout,
                          const std::vector<int>& held_out_labels, const BundleOptions& options) {
  check(classes, features, labels);
  check(classes, holdout, held_out_labels);
  const int dim = features.shape().c;
  if (!held_out_labels.empty() && holdout.shape().c != dim) {
    throw ShapeError("features: held-out vectors of " + std::to_string(holdout.shape().c) +
                     " numbers, the others have " + std::to_string(dim));
  }
  FeatureBundle bundle;
  bundle.classes = classes;
  fill_statistics(bundle, measure(classes.size(), features, labels));
  Holdout kept{{}, {}, std::vector<int>(classes.size())};
  kept.add(holdout, held_out_labels, options.held_out_per_class);
  kept.move_into(bundle);
  return bundle;
}

FeatureBundle make_bundle(const Model& model, const std::string& sha256, const Dataset& dataset,
                          const std::string& data, int threads, const BundleOptions& options) {
  const Network network = fold_batch_norm(model.network);
  const Preprocess& preprocess = model.preprocess;
  std::vector<int> labels[2];
  Tensor features[2];
  for (const int i : {0, 1}) {
    const auto images = i == 0 ? choose(dataset, options.statistics, options.statistics_per_class)
                               : choose(dataset, options.holdout, options.held_out_per_class);
    TrainingSet set =
        load_images(dataset, images, preprocess.size, preprocess.fit, preprocess.mean, threads);
    match_classes(set, model.classes);
    features[i] = evaluate_features(network, preprocess, set, threads);
    labels[i] = std::move(set.labels);
  }
  FeatureBundle bundle =
      make_bundle(model.classes, features[0], labels[0], features[1], labels[1], options);
  bundle.data = data;
  bundle.data_revision = dataset.revision();
  bundle.weights_sha256 = sha256;
  return bundle;
}

FeatureBundle merge_bundles(const FeatureBundle& a, const FeatureBundle& b,
                            const std::vector<std::string>& classes, const BundleOptions& options) {
  if (a.dim != b.dim) {
    throw ShapeError("features: bundles of " + std::to_string(a.dim) + " and " +
                     std::to_string(b.dim) + " numbers cannot be one");
  }
  FeatureBundle bundle;
  bundle.classes = classes;
  Scatter all(classes.size(), static_cast<std::size_t>(a.dim));
  Holdout kept{{}, {}, std::vector<int>(classes.size())};
  for (const FeatureBundle* part : {&a, &b}) {
    const std::vector<int> where = class_places(part->classes, classes);
    join(all, *part, where);
    std::vector<int> labels;
    for (const int label : part->labels) labels.push_back(where[static_cast<std::size_t>(label)]);
    kept.add(part->holdout, labels, options.held_out_per_class);
  }
  fill_statistics(bundle, all);
  kept.move_into(bundle);
  bundle.evaluation = a.evaluation;
  bundle.data = a.data;
  bundle.data_revision = a.data_revision;
  bundle.weights_sha256 = a.weights_sha256;
  return bundle;
}

}  // namespace fovea
