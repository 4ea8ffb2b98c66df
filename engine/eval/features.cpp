#include "engine/eval/features.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/model/fold.h"

namespace fovea {
namespace {

// Sums over pictures, from which means and covariances follow exactly.
struct Scatter {
  std::size_t dim;
  std::vector<std::int64_t> counts;  // {classes}
  std::vector<double> means;         // {classes, dim}
  std::vector<double> within;        // {dim, dim}, upper triangle: sum of (x - mean)(x - mean)'

  Scatter(std::size_t classes, std::size_t d)
      : dim(d), counts(classes), means(classes * d), within(d * d) {}

  double degrees() const {  // pictures less the means taken from them
    double total = 0;
    for (const std::int64_t count : counts) {
      total += static_cast<double>(std::max<std::int64_t>(count - 1, 0));
    }
    return std::max(total, 1.0);
  }
  void add_outer(const std::vector<double>& d, double weight) {
    for (std::size_t i = 0; i < dim; ++i) {
      if (d[i] == 0) continue;  // a feature that is always 0 behind its ReLU
      const double scaled = weight * d[i];
      for (std::size_t j = i; j < dim; ++j) within[i * dim + j] += scaled * d[j];
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
    const double* mean = &scatter.means[static_cast<std::size_t>(labels[n]) * dim];
    const Scalar* x = features.image(static_cast<int>(n));
    for (std::size_t i = 0; i < dim; ++i) difference[i] = x[i] - mean[i];
    scatter.add_outer(difference, 1);
  }
  return scatter;
}

void fill_statistics(FeatureBundle& bundle, const Scatter& scatter, double ridge) {
  const std::size_t dim = scatter.dim;
  const double degrees = scatter.degrees();
  double trace = 0;
  for (std::size_t i = 0; i < dim; ++i) trace += scatter.within[i * dim + i] / degrees;
  // 1e-8: also where all pictures are the same.
  const double added = ridge * trace / static_cast<double>(dim) + (ridge > 0 ? 1e-8 : 0);
  bundle.dim = static_cast<int>(dim);
  bundle.counts = scatter.counts;
  bundle.means = Tensor({static_cast<int>(scatter.counts.size()), 1, 1, bundle.dim});
  for (std::size_t i = 0; i < scatter.means.size(); ++i) {
    bundle.means.data()[i] = static_cast<Scalar>(scatter.means[i]);
  }
  bundle.covariance = Tensor({bundle.dim, 1, 1, bundle.dim});
  for (std::size_t i = 0; i < dim; ++i) {
    for (std::size_t j = i; j < dim; ++j) {
      const double value = scatter.within[i * dim + j] / degrees + (i == j ? added : 0);
      bundle.covariance.data()[i * dim + j] = static_cast<Scalar>(value);
      bundle.covariance.data()[j * dim + i] = static_cast<Scalar>(value);
    }
  }
}

// Vectors in their order, at most `most` of each class, after those that `taken` counts.
struct HeldOut {
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
    bundle.held_out = Tensor({static_cast<int>(rows.size()), 1, 1, bundle.dim});
    for (std::size_t n = 0; n < rows.size(); ++n) {
      std::copy_n(rows[n], bundle.dim, bundle.held_out.image(static_cast<int>(n)));
    }
    bundle.labels = std::move(labels);
  }
};

std::vector<std::size_t> places(const std::vector<std::string>& names,
                                const std::vector<std::string>& classes) {
  std::vector<std::size_t> index;
  std::string unknown;
  for (const std::string& name : names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) unknown += (unknown.empty() ? "" : ", ") + name;
    index.push_back(static_cast<std::size_t>(found - classes.begin()));
  }
  if (unknown.empty()) return index;
  std::string known;
  for (const std::string& name : classes) known += (known.empty() ? "" : ", ") + name;
  throw ShapeError("the dataset has classes that the model does not know: " + unknown +
                   " (the model knows: " + known + ")");
}

// Adds the pictures behind a bundle to the scatter (Chan, Golub, LeVeque 1979: two groups with
// means m1, m2 together have the scatters' sum and n1 n2 / (n1 + n2) (m1 - m2)(m1 - m2)').
void join(Scatter& all, const FeatureBundle& bundle, const std::vector<std::size_t>& where) {
  const std::size_t dim = all.dim;
  Scatter own(bundle.counts.size(), dim);
  own.counts = bundle.counts;
  const double degrees = own.degrees();
  for (std::size_t i = 0; i < dim; ++i) {
    for (std::size_t j = i; j < dim; ++j) {
      all.within[i * dim + j] += degrees * bundle.covariance.data()[i * dim + j];
    }
  }
  std::vector<double> difference(dim);
  for (std::size_t c = 0; c < where.size(); ++c) {
    std::int64_t& count = all.counts[where[c]];
    double* mean = &all.means[where[c] * dim];
    const Scalar* other = bundle.means.image(static_cast<int>(c));
    const auto n1 = static_cast<double>(count), n2 = static_cast<double>(bundle.counts[c]);
    if (bundle.counts[c] == 0) continue;
    for (std::size_t i = 0; i < dim; ++i) difference[i] = other[i] - mean[i];
    if (count > 0) all.add_outer(difference, n1 * n2 / (n1 + n2));
    for (std::size_t i = 0; i < dim; ++i) mean[i] += difference[i] * n2 / (n1 + n2);
    count += bundle.counts[c];
  }
}

std::vector<int> renumber(const std::vector<int>& labels, const std::vector<std::size_t>& where) {
  std::vector<int> result;
  for (const int label : labels) {
    result.push_back(static_cast<int>(where[static_cast<std::size_t>(label)]));
  }
  return result;
}

}  // namespace

Tensor evaluate_features(const Network& network, const Preprocess& preprocess,
                         const TrainingSet& set, int threads) {
  constexpr int kChunk = 16;  // small, so that the activations stay in cache
  const int size = preprocess.size;
  if (set.size != size) {
    throw ShapeError("features: pictures of " + std::to_string(set.size) +
                     " pixels, the model takes " + std::to_string(size));
  }
  struct Lane {
    Image picture;
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
      const std::uint8_t* pixels = set.picture(first + i);
      lane.picture.width = lane.picture.height = size;
      lane.picture.rgb.assign(pixels, pixels + std::ptrdiff_t{size} * size * 3);
      normalise(lane.picture, preprocess, lane.x.image(i));
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

void match_classes(TrainingSet& set, const std::vector<std::string>& classes) {
  set.labels = renumber(set.labels, places(set.classes, classes));
  set.classes = classes;
}

FeatureBundle make_bundle(const std::vector<std::string>& classes, const Tensor& features,
                          const std::vector<int>& labels, const Tensor& held_out,
                          const std::vector<int>& held_out_labels, const BundleOptions& options) {
  check(classes, features, labels);
  check(classes, held_out, held_out_labels);
  const int dim = features.shape().c;
  if (!held_out_labels.empty() && held_out.shape().c != dim) {
    throw ShapeError("features: held-out vectors of " + std::to_string(held_out.shape().c) +
                     " numbers, the others have " + std::to_string(dim));
  }
  FeatureBundle bundle;
  bundle.classes = classes;
  fill_statistics(bundle, measure(classes.size(), features, labels), options.ridge);
  HeldOut kept{{}, {}, std::vector<int>(classes.size())};
  kept.add(held_out, held_out_labels, options.held_out_per_class);
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
    TrainingSet set = load_training_set(dataset, i == 0 ? options.statistics : options.held_out,
                                        preprocess.size, preprocess.fit, preprocess.mean);
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
  HeldOut kept{{}, {}, std::vector<int>(classes.size())};
  for (const FeatureBundle* part : {&a, &b}) {
    const auto where = places(part->classes, classes);
    join(all, *part, where);
    kept.add(part->held_out, renumber(part->labels, where), options.held_out_per_class);
  }
  fill_statistics(bundle, all, 0);
  kept.move_into(bundle);
  bundle.evaluation = a.evaluation;
  bundle.data = a.data;
  bundle.data_revision = a.data_revision;
  bundle.weights_sha256 = a.weights_sha256;
  return bundle;
}

}  // namespace fovea
