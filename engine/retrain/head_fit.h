#pragma once

#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/model/network.h"

namespace fovea {

// What a head is to learn: feature vectors, what it should answer for each, and how much each
// counts.
struct HeadTargets {
  Tensor features;              // {n, 1, 1, dim}
  Tensor targets;               // {n, 1, 1, outputs}, rows sum to 1
  std::vector<double> weights;  // {n}, above 0
};

// Fits the last Dense layer of a network to a task, all else being frozen: multinomial logistic
// regression that stays near where it began. Minimises, by L-BFGS (Nocedal 1980) in double
// precision,
//   sum_i w_i sum_j t_ij (-log p_ij) / sum_i w_i  +  ridge * |head - head at the start|^2
// which is convex: the result does not depend on the way. All sums have a fixed order, so neither
// does it depend on the number of threads.
class HeadFit {
 public:
  // Keeps references to both. Throws ShapeError when sizes do not match or there is nothing.
  HeadFit(Network& network, const HeadTargets& task, double ridge, int threads);

  // Goes on for at most so many iterations, writes the head into the network and returns the
  // objective. Fewer when it has converged.
  double improve(int iterations);
  bool converged() const { return converged_; }

 private:
  using Vector = std::vector<double>;
  struct Pair {  // of one step
    Vector s, y;
    double rho;
  };

  double evaluate(const Vector& head, Vector& gradient) const;
  void add_rows(const Vector& head, int first, int end, double& loss, Vector& gradient) const;
  Vector direction() const;
  bool advance(const Vector& step);
  void write_back();

  Network& network_;
  const HeadTargets& task_;
  const double ridge_;
  const int threads_;
  std::size_t dim_, outputs_;
  double total_weight_ = 0;
  Vector start_, head_, gradient_;  // {dim + 1, outputs}: weight rows, then the bias
  double value_ = 0;
  std::vector<Pair> pairs_;  // the latest, oldest first
  bool converged_ = false;
};

}  // namespace fovea
