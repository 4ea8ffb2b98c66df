#include "engine/train/micro_batches.h"

#include <algorithm>
#include <numeric>

#include "engine/core/parallel.h"
#include "engine/kernels/elementwise.h"
#include "engine/model/classifier.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

// The purposes of a run's random numbers: children of Rng(recipe.seed).
constexpr std::uint64_t kOrderStream = 1;
constexpr std::uint64_t kDropoutStream = 2;
constexpr std::int64_t kPieceNumbers = 1 << 14;  // a few lanes of them fit into the L2 cache

// Weights with which every class has the same total weight and the mean over the images is 1.
std::vector<float> balanced_weights(const TrainingSet& set) {
  std::vector<int> counts(set.classes.size());
  for (const int label : set.labels) ++counts[label];
  const auto present = std::count_if(counts.begin(), counts.end(), [](int n) { return n > 0; });
  std::vector<float> weights;
  for (const int n : counts) {
    weights.push_back(n == 0 ? 0.0f
                             : static_cast<float>(set.count()) /
                                   (static_cast<float>(present) * static_cast<float>(n)));
  }
  return weights;
}

}  // namespace

int ceil_div(int count, int max_size) {
  return (count + max_size - 1) / max_size;
}

IndexRange split_range(int count, int max_size, int i) {
  const std::int64_t n = ceil_div(count, max_size);
  return {static_cast<int>(count * std::int64_t{i} / n),
          static_cast<int>(count * (std::int64_t{i} + 1) / n)};
}

IndexRange lanes_of_rank(int lanes, int rank, int ranks) {
  const int active = std::min(lanes, ranks);
  if (rank >= active) return {lanes, lanes};
  return {lanes * rank / active, lanes * (rank + 1) / active};
}

void epoch_order(std::uint64_t seed, int epoch, int count, std::vector<int>& order) {
  order.resize(count);
  std::iota(order.begin(), order.end(), 0);
  Rng rng = Rng(seed).split(kOrderStream).split(epoch);
  for (std::size_t i = order.size(); i > 1; --i) {  // Fisher-Yates shuffle
    std::swap(order[i - 1], order[rng.below(static_cast<std::uint32_t>(i))]);
  }
}

MicroBatchRunner::MicroBatchRunner(Network& network, const TrainingSet& set,
                                   const Preprocess& preprocess, const Recipe& recipe, int threads,
                                   const Teacher& teacher, Ranks* ranks)
    : network_(network),
      folded_(recipe.freeze_statistics ? std::make_unique<FoldedTraining>(network) : nullptr),
      run_network_(folded_ ? folded_->folded() : network),
      set_(set),
      preprocess_(preprocess),
      recipe_(recipe),
      teacher_(recipe.distillation > 0 ? teacher : Teacher{}),
      ranks_(ranks) {
  const int lanes = ceil_div(std::min(recipe.batch, set.count()), recipe.lane);
  const int own_lanes = ceil_div(lanes, std::min(size_of(ranks), lanes));  // at most
  threads_ = std::clamp(threads, 1, own_lanes);
  loss_.label_smoothing = recipe.label_smoothing;
  if (recipe.balanced) loss_.class_weights = balanced_weights(set);

  replicas_.reserve(threads_ - 1);
  for (int t = 1; t < threads_; ++t) {
    replicas_.push_back(run_network_.clone());
    // Their gradients are those of the lanes, swapped in.
    for (Param* param : replicas_.back().params()) param->grad = Tensor();
  }
  workers_.resize(threads_);
  for (int t = 0; t < threads_; ++t) {
    workers_[t].network = t == 0 ? &run_network_ : &replicas_[t - 1];
    workers_[t].square.width = workers_[t].square.height = set.size;
    workers_[t].square.rgb.resize(std::size_t(set.size) * set.size * 3);
  }
  lanes_.resize(own_lanes);
  for (Lane& lane : lanes_) {
    lane.grads.resize(run_network_.params().size());
    for (const Buffer* buffer : run_network_.buffers()) {
      lane.statistics.emplace_back(buffer->value.shape());
    }
  }
  pieces_.push_back({});
  const auto divide = [&](Piece::Of of, int tensor, std::int64_t size) {
    for (std::int64_t at = 0; at < size; at += kPieceNumbers) {
      pieces_.push_back({of, tensor, at, std::min(kPieceNumbers, size - at)});
    }
  };
  for (int k = 0; k < int_size(run_network_.params()); ++k) {
    divide(Piece::Of::gradient, k, run_network_.params()[k]->value.size());
  }
  for (int k = 0; k < int_size(run_network_.buffers()); ++k) {
    divide(Piece::Of::statistic, k, run_network_.buffers()[k]->value.size());
  }
}

MicroBatchRunner::Sums MicroBatchRunner::run(std::span<const int> indices, int epoch,
                                             std::int64_t step) {
  const int lanes = ceil_div(int_size(indices), recipe_.lane);
  const IndexRange own = lanes_of_rank(lanes, rank_of(ranks_), size_of(ranks_));
  // The first lane uses the gradients of the first thread's network, so that the sum ends up there.
  swap_gradients(lanes_[0], run_network_);
  fit_gradients(lanes_[0]);
  parallel_for(own.size(), threads_, [&](int i, int thread) {
    run_lane(indices, own.begin + i, epoch, step, lanes_[i], workers_[thread]);
  });
  sum_lanes(lanes, own.size());
  swap_gradients(lanes_[0], run_network_);
  if (folded_) {
    folded_->unfold_gradients();
  } else {
    update_statistics(lanes);
  }
  return lanes_[0].sums;
}

void MicroBatchRunner::run_lane(std::span<const int> indices, int lane_index, int epoch,
                                std::int64_t step, Lane& lane, Worker& worker) {
  const int batch = int_size(indices);
  const IndexRange range = split_range(batch, recipe_.lane, lane_index);
  const int count = range.size();
  // 1. The augmented, normalised images and their labels.
  worker.x.resize({count, set_.size, set_.size, 3});
  worker.labels.resize(count);
  for (int i = 0; i < count; ++i) {
    const int index = indices[range.begin + i];
    augment(set_.image(index), set_.size, worker.square.rgb.data(), recipe_.augment, recipe_.seed,
            epoch, index);
    normalise(worker.square, preprocess_, worker.x.image(i));
    worker.labels[i] = set_.labels[index];
  }
  // 2. The lane's gradients become those of this thread's network.
  Network& network = *worker.network;
  fit_gradients(lane);
  swap_gradients(lane, network);
  network.zero_gradients();
  // 3. Forward and backward. The gradient is that of the mean over the whole batch.
  const Rng rng = Rng(recipe_.seed).split(kDropoutStream).split(step).split(lane_index);
  const Tensor& logits = network.forward(worker.x, rng);
  lane.sums.correct = count_correct(logits, worker.labels);
  lane.sums.loss = compute_loss(logits, indices.subspan(range.begin, count),
                                Scalar{1} / static_cast<Scalar>(batch), worker);
  network.backward(worker.dlogits);
  // 4. Take the gradients and the batch-norm statistics out of the network.
  swap_gradients(lane, network);
  for (std::size_t k = 0; k < lane.statistics.size(); ++k) {
    std::swap(lane.statistics[k], network.buffers()[k]->batch);
  }
}

// The loss and dlogits of the images in worker.x, which have these indices in the set. With a
// teacher the target of a distilled image is
//   (1 - d) * ((1 - epsilon) * onehot + epsilon / k) + d * teacher,   d = recipe.distillation,
// where the teacher's classes are the first ones; other images have d = 0.
double MicroBatchRunner::compute_loss(const Tensor& logits, std::span<const int> indices,
                                      Scalar scale, Worker& worker) const {
  if (teacher_.network == nullptr) {
    return softmax_cross_entropy(logits, worker.labels, loss_, worker.dlogits, scale);
  }
  const int teacher_outputs = teacher_.network->outputs(), outputs = logits.shape().c;
  teacher_.network->infer(worker.x, worker.teacher_probabilities, worker.scratch);
  softmax(worker.teacher_probabilities, 1, worker.teacher_probabilities);
  worker.targets.resize(logits.shape());
  for (int i = 0; i < logits.shape().n; ++i) {
    const Scalar d = indices[i] >= teacher_.first_distilled ? recipe_.distillation : 0;
    const Scalar own = 1 - d, smooth = recipe_.label_smoothing;
    Scalar* target = worker.targets.image(i);
    std::fill(target, target + outputs, own * smooth / static_cast<Scalar>(outputs));
    target[worker.labels[i]] += own * (1 - smooth);
    const Scalar* teacher = worker.teacher_probabilities.image(i);
    for (int j = 0; j < teacher_outputs; ++j) target[j] += d * teacher[j];
  }
  return soft_cross_entropy(logits, worker.targets, worker.dlogits, scale);
}

void MicroBatchRunner::swap_gradients(Lane& lane, Network& network) {
  for (std::size_t k = 0; k < lane.grads.size(); ++k) {
    std::swap(lane.grads[k], network.params()[k]->grad);
  }
}

void MicroBatchRunner::fit_gradients(Lane& lane) const {
  for (std::size_t k = 0; k < lane.grads.size(); ++k) {
    lane.grads[k].resize(run_network_.params()[k]->value.shape());
  }
}

// The first lane of this rank gets the sums over all lanes of the batch. Threads take pieces; each
// number is summed in the order of the lanes, whatever the number of threads and ranks.
void MicroBatchRunner::sum_lanes(int lanes, int own_lanes) {
  const int pieces = int_size(pieces_);
  const bool first = rank_of(ranks_) == 0;
  if (first) {
    parallel_for(pieces, own_lanes > 1 ? threads_ : 1,
                 [&](int i, int) { add_lanes(i, own_lanes, {}); });
  }
  if (ranks_ == nullptr) return;
  sum_in_rank_order(*ranks_, std::min(ranks_->size(), lanes),
                    {pieces, [&](int i) { return piece_of(lanes_[0], i); },
                     [&](int i, std::span<const std::uint8_t> before) {
                       if (!first) add_lanes(i, own_lanes, before);
                     }});
}

// Adds the lanes of this rank to `before`, unless that is empty, in the first lane.
void MicroBatchRunner::add_lanes(int piece, int own_lanes, std::span<const std::uint8_t> before) {
  const auto add = [&](std::span<const std::uint8_t> bytes) {
    if (pieces_[piece].of == Piece::Of::sums) {
      const auto* more = reinterpret_cast<const Sums*>(bytes.data());
      lanes_[0].sums.loss += more->loss;
      lanes_[0].sums.correct += more->correct;
    } else {
      kernels::add(reinterpret_cast<const Scalar*>(bytes.data()), pieces_[piece].count,
                   reinterpret_cast<Scalar*>(piece_of(lanes_[0], piece).data()));
    }
  };
  if (!before.empty()) add(before);
  for (int l = 1; l < own_lanes; ++l) add(piece_of(lanes_[l], piece));
}

std::span<std::uint8_t> MicroBatchRunner::piece_of(Lane& lane, int piece) const {
  const Piece& p = pieces_[piece];
  if (p.of == Piece::Of::sums)
    return {reinterpret_cast<std::uint8_t*>(&lane.sums), sizeof lane.sums};
  Tensor& tensor = p.of == Piece::Of::gradient ? lane.grads[p.tensor] : lane.statistics[p.tensor];
  return {reinterpret_cast<std::uint8_t*>(tensor.data() + p.offset), p.count * sizeof(Scalar)};
}

// The batch statistics of the network become the mean of the lanes' statistics.
void MicroBatchRunner::update_statistics(int lanes) {
  for (std::size_t k = 0; k < network_.buffers().size(); ++k) {
    Tensor& mean = network_.buffers()[k]->batch;
    mean.copy_from(lanes_[0].statistics[k]);
    for (Scalar& x : mean.values()) x /= static_cast<Scalar>(lanes);
  }
  network_.update_statistics();
}

void MicroBatchRunner::broadcast_weights() {
  if (folded_) folded_->fold_weights();
  parallel_for(threads_ - 1, threads_, [&](int t, int) { replicas_[t].copy_values(run_network_); });
}

void MicroBatchRunner::release_gradients() {
  for (Lane& lane : lanes_) {
    for (Tensor& grad : lane.grads) grad = Tensor();
  }
}

}  // namespace fovea
