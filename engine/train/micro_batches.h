#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/network.h"
#include "engine/nn/loss.h"
#include "engine/train/recipe.h"

namespace fovea {

// Piece `i` of `count` things cut into the fewest pieces of at most `most`, whose sizes differ by
// at most one: no batch or lane is left with a handful of images and wild statistics.
struct Range {
  int begin = 0;
  int end = 0;
};
int ceil_div(int count, int most);
Range split_range(int count, int most, int i);

// The images 0..count-1 in the order of this epoch, a function of (seed, epoch) alone.
void epoch_order(std::uint64_t seed, int epoch, int count, std::vector<int>& order);

// Who answers for the images from an index on; see TrainExtras.
struct Teaching {
  const Network* teacher = nullptr;
  int first_taught = 0;
};

// Gradients of one batch, computed in lanes (see trainer.h). Nothing is allocated after the first
// batch; there are as many gradients as lanes, the master's own among them. Thread contract: one
// owner; it runs its own threads.
class Lanes {
 public:
  // Keeps references to all it is given. `network` is the master and the first thread's network.
  Lanes(Network& network, const TrainingSet& set, const Preprocess& preprocess,
        const Recipe& recipe, int threads, const Teaching& teaching = {});

  struct Sums {
    double loss = 0;
    int correct = 0;
  };
  // The images at `indices`: sums over them; the gradient of their mean loss in the network's
  // Param::grad; running statistics updated by the mean of the lanes' own.
  Sums run(std::span<const int> indices, int epoch, std::int64_t step);

  // Tells the other threads' networks of new weights. Call after each optimiser step.
  void broadcast_weights();

  // Frees the lanes' gradients until the next run: for work that needs memory of its own.
  void release_gradients();

 private:
  struct Worker {
    Network* network;
    Image square;
    Tensor x;
    Tensor dlogits;
    Tensor answers, targets;  // the teacher's; what is to be answered
    Scratch scratch;
    std::vector<int> labels;
  };
  struct Lane {
    std::vector<Tensor> grads;  // by parameter; while a lane runs, its network has them
    std::vector<Tensor> batch;  // by buffer
    Sums sums;
  };
  void run_lane(std::span<const int> indices, int lane, int epoch, std::int64_t step,
                Worker& worker);
  double loss_of(const Tensor& logits, std::span<const int> indices, Scalar scale,
                 Worker& worker) const;
  static void swap_gradients(Lane& lane, Network& network);
  void reduce_gradients(int lanes);
  void reduce_statistics(int lanes);

  Network& network_;
  const TrainingSet& set_;
  const Preprocess& preprocess_;
  const Recipe& recipe_;
  const Teaching teaching_;  // no teacher where the recipe wants none
  int threads_;
  LossOptions loss_;
  std::vector<Network> replicas_;  // threads 1, 2, ...
  std::vector<Worker> workers_;
  std::vector<Lane> lanes_;
  struct Job {
    int param;
    std::int64_t offset;
  };
  std::vector<Job> jobs_;  // stretches of parameters that are reduced at a time
};

}  // namespace fovea
