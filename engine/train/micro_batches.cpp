#include "engine/train/lanes.h"

#include <algorithm>
#include <numeric>

#include "engine/core/parallel.h"
#include "engine/kernels/elementwise.h"
#include "engine/model/classifier.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

// What the random numbers of a run are for: children of Rng(recipe.seed).
constexpr std::uint64_t kOrderStream = 1;
constexpr std::uint64_t kDropoutStream = 2;
constexpr std::int64_t kPiece = 1 << 14;  // numbers reduced at a time: a few lanes fit the L2 cache

// Weights so that every class counts alike and the mean over the images is 1.
std::vector<float> balanced_weights(const TrainingSet& set) {
  std::vector<int> counts(set.classes.size());
  for (const int label : set.labels) ++counts[static_cast<std::size_t>(label)];
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

int ceil_div(int count, int most) {
  return (count + most - 1) / most;
}

Range split_range(int count, int most, int i) {
  const std::int64_t n = ceil_div(count, most);
  return {static_cast<int>(count * std::int64_t{i} / n),
          static_cast<int>(count * (std::int64_t{i} + 1) / n)};
}

void epoch_order(std::uint64_t seed, int epoch, int count, std::vector<int>& order) {
  order.resize(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Rng rng = Rng(seed).split(kOrderStream).split(static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) {  // Fisher and Yates
    std::swap(order[i - 1], order[rng.below(static_cast<std::uint32_t>(i))]);
  }
}

Lanes::Lanes(Network& network, const TrainingSet& set, const Preprocess& preprocess,
             const Recipe& recipe, int threads, const Teaching& teaching)
    : network_(network),
      set_(set),
      preprocess_(preprocess),
      recipe_(recipe),
      teaching_(recipe.distillation > 0 ? teaching : Teaching{}) {
  const int lanes = ceil_div(std::min(recipe.batch, set.count()), recipe.lane);
  threads_ = std::clamp(threads, 1, lanes);
  loss_.label_smoothing = recipe.label_smoothing;
  if (recipe.balanced) loss_.class_weights = balanced_weights(set);

  replicas_.reserve(static_cast<std::size_t>(threads_ - 1));
  for (int t = 1; t < threads_; ++t) {
    replicas_.push_back(network.clone());
    for (Param* param : replicas_.back().params()) param->grad = Tensor();  // lanes bring theirs
  }
  workers_.resize(static_cast<std::size_t>(threads_));
  for (std::size_t t = 0; t < workers_.size(); ++t) {
    workers_[t].network = t == 0 ? &network : &replicas_[t - 1];
    workers_[t].square.width = workers_[t].square.height = set.size;
    workers_[t].square.rgb.resize(static_cast<std::size_t>(set.size) * set.size * 3);
  }
  lanes_.resize(static_cast<std::size_t>(lanes));
  for (Lane& lane : lanes_) {
    lane.grads.resize(network.params().size());
    for (const Buffer* buffer : network.buffers()) lane.batch.emplace_back(buffer->value.shape());
  }
  for (std::size_t k = 0; k < network.params().size(); ++k) {
    const std::int64_t size = network.params()[k]->value.size();
    for (std::int64_t at = 0; at < size; at += kPiece) jobs_.push_back({static_cast<int>(k), at});
  }
}

Lanes::Sums Lanes::run(std::span<const int> indices, int epoch, std::int64_t step) {
  const int lanes = ceil_div(static_cast<int>(indices.size()), recipe_.lane);
  swap_gradients(lanes_[0], network_);
  parallel_for(lanes, threads_, [&](int lane, int thread) {
    run_lane(indices, lane, epoch, step, workers_[static_cast<std::size_t>(thread)]);
  });
  reduce_gradients(lanes);
  swap_gradients(lanes_[0], network_);
  reduce_statistics(lanes);
  Sums sums;
  for (int l = 0; l < lanes; ++l) {
    sums.loss += lanes_[static_cast<std::size_t>(l)].sums.loss;
    sums.correct += lanes_[static_cast<std::size_t>(l)].sums.correct;
  }
  return sums;
}

void Lanes::run_lane(std::span<const int> indices, int lane_index, int epoch, std::int64_t step,
                     Worker& worker) {
  const int batch = static_cast<int>(indices.size());
  const Range range = split_range(batch, recipe_.lane, lane_index);
  const int count = range.end - range.begin;
  worker.x.resize({count, set_.size, set_.size, 3});
  worker.labels.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const int place = range.begin + i;
    const int index = indices[static_cast<std::size_t>(place)];
    augment(set_.image(index), set_.size, worker.square.rgb.data(), recipe_.augment, recipe_.seed,
            epoch, index);
    normalise(worker.square, preprocess_, worker.x.image(i));
    worker.labels[static_cast<std::size_t>(i)] = set_.labels[static_cast<std::size_t>(index)];
  }
  Network& network = *worker.network;
  Lane& lane = lanes_[static_cast<std::size_t>(lane_index)];
  for (std::size_t k = 0; k < lane.grads.size(); ++k) {
    lane.grads[k].resize(network.params()[k]->value.shape());
  }
  swap_gradients(lane, network);
  network.zero_gradients();
  const Rng rng = Rng(recipe_.seed)
                      .split(kDropoutStream)
                      .split(static_cast<std::uint64_t>(step))
                      .split(static_cast<std::uint64_t>(lane_index));
  const Tensor& logits = network.forward(worker.x, rng);
  lane.sums.correct = count_correct(logits, worker.labels);
  lane.sums.loss = loss_of(
      logits,
      indices.subspan(static_cast<std::size_t>(range.begin), static_cast<std::size_t>(count)),
      Scalar{1} / static_cast<Scalar>(batch), worker);
  network.backward(worker.dlogits);
  swap_gradients(lane, network);
  for (std::size_t k = 0; k < lane.batch.size(); ++k) {
    std::swap(lane.batch[k], network.buffers()[k]->batch);
  }
}

// Of the images in worker.x, at these indices of the set.
double Lanes::loss_of(const Tensor& logits, std::span<const int> indices, Scalar scale,
                      Worker& worker) const {
  if (teaching_.teacher == nullptr) {
    return softmax_cross_entropy(logits, worker.labels, loss_, worker.dlogits, scale);
  }
  const int known = teaching_.teacher->outputs(), outputs = logits.shape().c;
  teaching_.teacher->infer(worker.x, worker.answers, worker.scratch);
  softmax(worker.answers, 1, worker.answers);
  worker.targets.resize(logits.shape());
  for (int i = 0; i < logits.shape().n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Scalar taught = indices[at] >= teaching_.first_taught ? recipe_.distillation : 0;
    const Scalar own = 1 - taught, smooth = recipe_.label_smoothing;
    Scalar* target = worker.targets.image(i);
    std::fill(target, target + outputs, own * smooth / static_cast<Scalar>(outputs));
    target[worker.labels[at]] += own * (1 - smooth);
    for (int j = 0; j < known; ++j) target[j] += taught * worker.answers.image(i)[j];
  }
  return soft_cross_entropy(logits, worker.targets, worker.dlogits, scale);
}

void Lanes::swap_gradients(Lane& lane, Network& network) {
  for (std::size_t k = 0; k < lane.grads.size(); ++k) {
    std::swap(lane.grads[k], network.params()[k]->grad);
  }
}

// Adds all lanes into the first, lane by lane.
void Lanes::reduce_gradients(int lanes) {
  parallel_for(static_cast<int>(jobs_.size()), lanes > 1 ? threads_ : 1, [&](int j, int) {
    const auto [param, offset] = jobs_[static_cast<std::size_t>(j)];
    const auto k = static_cast<std::size_t>(param);
    Tensor& first = lanes_[0].grads[k];
    Scalar* sum = first.data() + offset;
    const std::int64_t count = std::min(kPiece, first.size() - offset);
    for (int l = 1; l < lanes; ++l) {
      kernels::add(lanes_[static_cast<std::size_t>(l)].grads[k].data() + offset, count, sum);
    }
  });
}

void Lanes::reduce_statistics(int lanes) {
  for (std::size_t k = 0; k < network_.buffers().size(); ++k) {
    Tensor& mean = network_.buffers()[k]->batch;
    mean.copy_from(lanes_[0].batch[k]);
    for (int l = 1; l < lanes; ++l) {
      const Tensor& other = lanes_[static_cast<std::size_t>(l)].batch[k];
      for (std::int64_t i = 0; i < mean.size(); ++i) mean.data()[i] += other.data()[i];
    }
    for (Scalar& x : mean.values()) x /= static_cast<Scalar>(lanes);
  }
  network_.update_statistics();
}

void Lanes::broadcast_weights() {
  parallel_for(threads_ - 1, threads_,
               [&](int t, int) { replicas_[static_cast<std::size_t>(t)].copy_values(network_); });
}

void Lanes::release_gradients() {
  for (Lane& lane : lanes_) {
    for (Tensor& grad : lane.grads) grad = Tensor();
  }
}

}  // namespace fovea
