#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/model/network.h"

namespace fovea {

// The rows that a head is trained on.
struct HeadTrainingSet {
  Tensor features;              // {n, 1, 1, dim}
  Tensor targets;               // {n, 1, 1, outputs}: probabilities, rows sum to 1
  std::vector<double> weights;  // {n}, above 0
};

// Fits the last layer of a network, a Dense, with all other layers frozen: multinomial logistic
// regression that is regularised towards the initial head. Minimises, by L-BFGS (Nocedal 1980) in
// double precision,
//   sum_i w_i sum_j t_ij (-log p_ij) / sum_i w_i  +  ridge * |head - initial head|^2
// which is strictly convex. All sums have a fixed order, so the result does not depend on the
// number of threads.
class HeadFit {
 public:
  // Keeps references to `network` and `set`. Throws ShapeError when sizes do not match or the set
  // is empty, FormatError when the loss is not finite.
  HeadFit(Network& network, const HeadTrainingSet& set, double ridge, int threads);

  // Runs at most `iterations` more iterations, fewer when it converges. Stores the head in the
  // network and returns the objective.
  double run(int iterations);
  bool converged() const { return converged_; }

 private:
  using Vector = std::vector<double>;
  struct Correction {  // of one iteration: s = change of the head, y = change of the gradient
    Vector s, y;
    double rho;  // 1 / (s . y)
  };

  double evaluate(const Vector& head, Vector& gradient) const;
  void add_rows(const Vector& head, int first, int end, double& loss, Vector& gradient) const;
  Vector descent_direction() const;
  bool line_search(const Vector& direction);
  void store_head();

  Network& network_;
  const HeadTrainingSet& set_;
  const double ridge_;
  const int threads_;
  std::size_t dim_, outputs_;
  double total_weight_ = 0;
  Vector initial_, head_, gradient_;  // {dim + 1, outputs}: rows of the weight, then the bias
  double objective_ = 0;
  std::vector<Correction> corrections_;  // of the latest iterations, oldest first
  bool converged_ = false;
};

}  // namespace fovea
