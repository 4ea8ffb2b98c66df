#include "engine/fit/novelty_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/half.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

constexpr int kMaxReferences = 512;

void copy_row(const Tensor& from, int source, Tensor& to, int target) {
  std::copy_n(from.image(source), from.shape().c, to.image(target));
}

// The images whose features are kept, in their order: at most as many of each class as of any
// other.
std::vector<int> select_references(std::span<const int> labels) {
  const int count = int_size(labels);
  const int classes = *std::max_element(labels.begin(), labels.end()) + 1;
  if (classes > kMaxReferences) return {};
  std::vector<int> quota(classes, count <= kMaxReferences ? count : kMaxReferences / classes);
  std::vector<int> selected;
  for (int i = 0; i < count; ++i) {
    if (quota[labels[i]]-- > 0) selected.push_back(i);
  }
  return selected;
}

Tensor first_views(const ImageFeatures& images) {
  const int count = int_size(images.labels);
  Tensor features({count, 1, 1, images.features.shape().c});
  for (int i = 0; i < count; ++i) copy_row(images.features, i * images.views, features, i);
  return features;
}

// The distance of each image to the nearest reference other than itself.
std::vector<float> distances_to_others(const Tensor& features, const Tensor& references,
                                       const std::vector<int>& selected, int threads) {
  const int count = features.shape().n, dim = features.shape().c;
  std::vector<int> reference_of(count, -1);
  for (int r = 0; r < int_size(selected); ++r) reference_of[selected[r]] = r;
  std::vector<float> result(count);
  parallel_for(count, threads, [&](int i, int) {
    Tensor one({1, 1, 1, dim}), distance;
    copy_row(features, i, one, 0);
    const int own = reference_of[i];
    if (own < 0) {
      nearest_distances(references, one, distance);
    } else {
      Tensor others({references.shape().n - 1, 1, 1, dim});
      std::copy_n(references.data(), std::ptrdiff_t{own} * dim, others.data());
      std::copy(references.image(own) + dim, references.data() + references.size(),
                others.image(own));
      nearest_distances(others, one, distance);
    }
    result[i] = distance.data()[0];
  });
  return result;
}

}  // namespace

Novelty fit_novelty(const ImageFeatures& images, int threads, double false_alarms) {
  const int count = int_size(images.labels);
  if (images.features.shape() != Shape{count * images.views, 1, 1, images.features.shape().c}) {
    throw ShapeError("novelty: features " + to_string(images.features.shape()) + " for " +
                     std::to_string(count) + " images");
  }
  if (std::any_of(images.labels.begin(), images.labels.end(), [](int l) { return l < 0; })) {
    throw ShapeError("novelty: a label is negative");
  }
  const auto rank = static_cast<std::int64_t>(std::ceil((count + 1) * (1 - false_alarms)));
  if (count < 2 || rank > count) return {};
  const std::vector<int> selected = select_references(images.labels);
  if (selected.size() < 2) return {};

  const Tensor features = first_views(images);
  Novelty novelty{.references = Tensor({int_size(selected), 1, 1, features.shape().c}),
                  .false_alarms = static_cast<float>(false_alarms),
                  .images = count};
  for (int r = 0; r < int_size(selected); ++r) {
    copy_row(features, selected[r], novelty.references, r);
  }
  normalise_features(novelty.references);
  for (Scalar& value : novelty.references.values()) {
    value = from_half(to_half(static_cast<float>(value)));
  }
  std::vector<float> distances =
      distances_to_others(features, novelty.references, selected, threads);
  std::nth_element(distances.begin(), distances.begin() + (rank - 1), distances.end());
  novelty.threshold = distances[rank - 1];
  return novelty;
}

}  // namespace fovea
