#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/kernels/conv.h"
#include "engine/model/network.h"

namespace fovea {

// The rows that a head is trained on.
struct HeadTrainingSet {
  Tensor features;              // {n, 1, 1, dim}
  Tensor targets;               // {n, 1, 1, outputs}: probabilities, rows sum to 1
  std::vector<double> weights;  // {n}; rows of weight 0 are left out
};

HeadTrainingSet rows_with_weight(const HeadTrainingSet& set);  // a copy without rows of weight 0

// What the head is regularised towards.
enum class HeadPrior {
  initial,  // the head of the network at the start, its bias too
  zero,     // a weight of zero; the bias is free
};

// Fits the last layer of a network, a Dense, with all other layers frozen: multinomial logistic
// regression. Minimises, by L-BFGS (Nocedal 1980),
//   sum_i w_i sum_j t_ij (-log p_ij) / sum_i w_i  +  ridge * |head - prior|^2
// which is convex. Towards the initial head all numbers are in double precision, because such a fit
// runs for hundreds of iterations; towards zero the products with the features are in single
// precision, which is several times faster. All sums have a fixed order, so the result does not
// depend on the number of threads. Starts at the head of the network.
class HeadFit {
 public:
  HeadFit(const HeadFit&) = delete;
  HeadFit& operator=(const HeadFit&) = delete;
  // Keeps references to `network` and `set`. Throws ShapeError when sizes do not match or no row
  // has a weight above 0, FormatError when the loss is not finite.
  HeadFit(Network& network, const HeadTrainingSet& set, double ridge, int threads,
          HeadPrior prior = HeadPrior::initial);

  // Runs at most `iterations` more iterations, fewer when it converges: when none decreases the
  // objective, or three in succession by less than the fraction `relative_decrease`. Stores the
  // head in the network and returns the objective.
  double run(int iterations, double relative_decrease = 0);
  bool converged() const { return converged_; }

 private:
  using Vector = std::vector<double>;
  struct Correction {  // of one iteration: s = change of the head, y = change of the gradient
    Vector s, y;
    double rho;  // 1 / (s . y)
  };

  double evaluate(const Vector& head, Vector& gradient);
  double evaluate_block(int block, Tensor& gradient, kernels::ConvScratch& scratch) const;
  double evaluate_exactly(const Vector& head, int block, Vector& gradient) const;
  template <class Gradient, class Evaluate>
  double sum_blocks(const Evaluate& evaluate_one, Vector& gradient) const;
  double add_ridge(const Vector& head, Vector& gradient) const;
  Vector descent_direction() const;
  bool line_search(const Vector& direction);
  void store_head();

  Network& network_;
  const HeadTrainingSet* set_;  // the caller's, or kept_ if that has rows of weight 0
  HeadTrainingSet kept_;
  const double ridge_;
  const int threads_;
  const HeadPrior prior_;
  int dim_, outputs_;
  double total_weight_ = 0;
  Vector initial_, head_, gradient_;  // {dim + 1, outputs}: rows of the weight, then the bias
  // The head that is evaluated, in single precision; its weight in the order of the kernels.
  Tensor single_, packed_;
  std::vector<kernels::ConvScratch> scratch_;  // of each thread
  double objective_ = 0;
  std::vector<Correction> corrections_;  // of the latest iterations, oldest first
  int slow_steps_ = 0;  // since the latest one that decreased the objective clearly
  bool converged_ = false;
};

}  // namespace fovea
