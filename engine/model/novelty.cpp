#include "engine/model/novelty.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace fovea {
namespace {

double dot(const Scalar* a, const Scalar* b, int dim) {
  double sum = 0;
  for (int c = 0; c < dim; ++c) sum += double{a[c]} * double{b[c]};
  return sum;
}

}  // namespace

void normalise_features(Tensor& features) {
  const int dim = features.shape().c;
  for (int n = 0; n < features.shape().n; ++n) {
    Scalar* row = features.image(n);
    const double length = std::sqrt(dot(row, row, dim));
    if (length == 0) continue;
    for (int c = 0; c < dim; ++c) row[c] = static_cast<Scalar>(row[c] / length);
  }
}

void nearest_distances(const Tensor& references, const Tensor& features, Tensor& distances) {
  const int dim = features.shape().c;
  const int count = references.shape().n;
  if (count == 0 || references.shape() != Shape{count, 1, 1, dim}) {
    throw ShapeError("novelty: references " + to_string(references.shape()) + " for features " +
                     to_string(features.shape()));
  }
  distances.resize({features.shape().n, 1, 1, 1});
  for (int n = 0; n < features.shape().n; ++n) {
    const Scalar* row = features.image(n);
    const double length = std::sqrt(dot(row, row, dim));
    // |a / |a| - b|^2 = 1 + |b|^2 - 2 a . b / |a|; rounding makes |b| differ from 1.
    double least = 4;
    for (int r = 0; r < count; ++r) {
      const Scalar* reference = references.image(r);
      const double cosine = length == 0 ? 0 : dot(row, reference, dim) / length;
      least = std::min(least, 1 + dot(reference, reference, dim) - 2 * cosine);
    }
    distances.data()[n] = static_cast<Scalar>(std::sqrt(std::max(least, 0.0)));
  }
}

}  // namespace fovea
