#pragma once

#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

struct LossOptions {
  float label_smoothing = 0;         // epsilon of Szegedy et al. 2016, section 7; 0 <= epsilon < 1
  std::vector<float> class_weights;  // one per class, or empty: all 1
};

// Softmax cross-entropy of logits {n, 1, 1, k} against labels {n}, 0 <= label < k:
//   target q = (1 - epsilon) * onehot + epsilon / k,   loss_i = -w[label_i] * sum_j q_j log p_j
// Returns the sum of the losses; dlogits = scale * its gradient = scale * w[label_i] * (p - q).
// (Mean over a batch: scale = 1 / n.) With label_smoothing and class weights together, the weight
// is that of the true class. Throws ShapeError when sizes or labels do not fit.
double softmax_cross_entropy(const Tensor& logits, std::span<const int> labels,
                             const LossOptions& options, Tensor& dlogits, Scalar scale);

// Knowledge distillation (Hinton, Vinyals, Dean 2015, section 2.1): adds to dlogits the gradient of
//   scale * T^2 * sum_j q_j log(q_j / p_j),   q = softmax(teacher / T), p = softmax(logits[:k] / T)
// for every row whose label is below k, the teacher's number of outputs; other rows are left alone.
// logits, dlogits {n, 1, 1, >= k}; teacher {n, 1, 1, k}; labels {n}. Throws ShapeError.
void add_distillation(const Tensor& logits, const Tensor& teacher, std::span<const int> labels,
                      Scalar temperature, Scalar scale, Tensor& dlogits);

}  // namespace fovea
