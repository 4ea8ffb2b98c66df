#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"
#include "engine/model/fold.h"
#include "engine/model/network.h"
#include "engine/nn/loss.h"
#include "engine/train/ranks.h"
#include "engine/train/recipe.h"

namespace fovea {

// Range `i` of `count` items divided into the fewest ranges of at most `max_size` items, whose
// sizes differ by at most one. So no batch or micro-batch has only a few images, whose statistics
// would be poor.
struct IndexRange {
  int begin = 0;
  int end = 0;
  int size() const { return end - begin; }
};
IndexRange split_range(int count, int max_size, int i);
int ceil_div(int count, int max_size);  // the number of those ranges

// The lanes of a rank: consecutive ones, in the order of the ranks. With more ranks than lanes the
// last ranks have none.
IndexRange lanes_of_rank(int lanes, int rank, int ranks);

// The order of the images 0..count-1 in an epoch: a random permutation that depends on (seed,
// epoch) only.
void epoch_order(std::uint64_t seed, int epoch, int count, std::vector<int>& order);

// The teacher for distillation; see FineTuneOptions.
struct Teacher {
  const Network* network = nullptr;
  int first_distilled = 0;
};

// Computes the gradients of one batch in lanes. A lane is one micro-batch of at most recipe.lane
// images with its own batch-norm statistics; it runs on one thread (docs/decisions/0003). Each lane
// has its own gradients, which are then added in the order of the lanes, so that the result does
// not depend on the number of threads. Nothing is allocated after the first batch, apart from the
// buffer of a message. Thread contract: one owner; it runs its own threads.
//
// With ranks, each rank runs its share of the lanes, and the sums are those of a process alone.
class MicroBatchRunner {
 public:
  // Keeps references to its arguments. `network` is the master and the network of the first thread;
  // the other threads have copies. With recipe.freeze_statistics all of them run without batch norm
  // (FoldedTraining).
  MicroBatchRunner(Network& network, const TrainingSet& set, const Preprocess& preprocess,
                   const Recipe& recipe, int threads, const Teacher& teacher = {},
                   Ranks* ranks = nullptr);

  struct Sums {
    double loss = 0;
    std::int64_t correct = 0;
  };
  // Runs the images at `indices` and returns sums over them. Stores the gradient of their mean loss
  // in Param::grad of the network, and updates its running statistics with the mean of the lanes'
  // statistics. All ranks pass the same arguments and get the same results. After a RankLost the
  // network has the weights and statistics that it had before.
  Sums run(std::span<const int> indices, int epoch, std::int64_t step);

  // Copies the network's weights to the other threads. Call after each optimiser step.
  void broadcast_weights();

  // Frees the gradients of the lanes until the next run().
  void release_gradients();

 private:
  struct Worker {  // one per thread
    Network* network;
    Image square;
    Tensor x;
    Tensor dlogits;
    Tensor teacher_probabilities, targets;
    Scratch scratch;
    std::vector<int> labels;
  };
  struct Lane {
    std::vector<Tensor> grads;       // by parameter; swapped into the network while the lane runs
    std::vector<Tensor> statistics;  // by buffer: Buffer::batch
    Sums sums;
  };
  void run_lane(std::span<const int> indices, int lane_index, int epoch, std::int64_t step,
                Lane& lane, Worker& worker);
  double compute_loss(const Tensor& logits, std::span<const int> indices, Scalar scale,
                      Worker& worker) const;
  static void swap_gradients(Lane& lane, Network& network);
  void fit_gradients(Lane& lane) const;
  void sum_lanes(int lanes, int own_lanes);
  void add_lanes(int piece, int own_lanes, std::span<const std::uint8_t> before);
  std::span<std::uint8_t> piece_of(Lane& lane, int piece) const;
  void update_statistics(int lanes);

  Network& network_;
  const std::unique_ptr<FoldedTraining> folded_;  // with frozen statistics; else null
  Network& run_network_;                          // that of the first thread
  const TrainingSet& set_;
  const Preprocess& preprocess_;
  const Recipe& recipe_;
  const Teacher teacher_;  // without a network when the recipe has no distillation
  Ranks* const ranks_;
  int threads_;
  LossOptions loss_;
  std::vector<Network> replicas_;  // of threads 1, 2, ...
  std::vector<Worker> workers_;
  std::vector<Lane> lanes_;  // of this rank; the sums end up in the first
  struct Piece {             // numbers of a lane that are summed together
    enum class Of { sums, gradient, statistic } of = Of::sums;
    int tensor = 0;  // index of the parameter or buffer
    std::int64_t offset = 0;
    std::int64_t count = 0;
  };
  std::vector<Piece> pieces_;
};

}  // namespace fovea
