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
// Returns the sum of the losses. dlogits = scale * its gradient = scale * w[label_i] * (p - q); for
// the mean over a batch pass scale = 1 / n. Throws ShapeError when sizes or labels do not fit.
double softmax_cross_entropy(const Tensor& logits, std::span<const int> labels,
                             const LossOptions& options, Tensor& dlogits, Scalar scale);

// The same for soft targets {n, 1, 1, k} whose rows sum to 1: loss_i = -sum_j t_ij log p_ij. With
// the probabilities of another network as targets this is knowledge distillation at temperature 1
// (Hinton, Vinyals, Dean 2015, section 2). Throws ShapeError when sizes do not fit.
double soft_cross_entropy(const Tensor& logits, const Tensor& targets, Tensor& dlogits,
                          Scalar scale);

}  // namespace fovea
