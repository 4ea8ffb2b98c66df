#include "engine/fit/head_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/fit/head_fit.h"
#include "engine/fit/labels.h"
#include "engine/fit/log_loss.h"
#include "engine/model/classifier.h"

namespace fovea {
namespace {

constexpr int kMaxFolds = 5;
// c of the header, from the strongest penalty to the weakest.
constexpr std::array<double, 3> kStrengths{8, 64, 512};
constexpr double kDefaultStrength = 64;
// The rounding of features and sums depends on the instruction set and is another in the browser.
// It changes where a fit ends: so close to the minimum, probabilities of images that the head was
// trained on change by less than 1e-4 and those of others by less than 1e-3
// (tests/wasm/training.test.mjs).
constexpr int kSearchIterations = 100;  // for each penalty, from the head of the one before
constexpr double kSearchDecrease = 3e-6;
constexpr int kFinalIterations = 500;
constexpr double kFinalDecrease = 1e-8;

// The penalty of HeadFit for standardised features.
double ridge(double strength, int images) {
  return 1 / (2 * strength * images);
}

// The head alone, with a weight of zero.
Network make_head(int dim, int classes) {
  return Network(NetworkSpec{{1, 1, 1, dim}, {{FlattenSpec{}}, {DenseSpec{classes}}}});
}

// A way to train the head, with what cross-validation says about it.
struct Candidate {
  HeadScore score;
  Tensor logits;               // {images, 1, 1, classes}, of the fold that an image is in
  Temperature temperature;     // of the logits
  std::vector<double> losses;  // {images}
};

class Search {
 public:
  Search(const ImageFeatures& images, int classes, int threads,
         const std::function<bool(double)>& progress);
  HeadSearch run();
  // Trains the head on all images.
  void fit(double strength, int views);
  // Stores the head that run() trained.
  void store_head(Network& network);

 private:
  void standardise();
  bool search(HeadSearch& result);
  bool cross_validate(int views, std::span<const double> strengths);
  bool search_fold(int fold, std::span<Candidate> candidates);
  void copy_logits(const Network& head, int fold, Tensor& logits) const;
  void measure(Candidate& candidate) const;
  void set_weights(int held_out_fold, int views);
  bool report(std::size_t more);

  const ImageFeatures& images_;
  const int classes_, threads_;
  const std::function<bool(double)>& progress_;
  int dim_, count_;
  int folds_ = 0;
  std::vector<int> fold_;     // of each image
  HeadTrainingSet set_;       // of standardised features (x - mean) / norm
  std::vector<double> mean_;  // {dim}
  double norm_ = 0;           // the root of the mean square norm of x
  Network head_;              // for standardised features
  std::vector<Candidate> candidates_;
  std::size_t steps_ = 0, all_steps_ = 0;
};

Search::Search(const ImageFeatures& images, int classes, int threads,
               const std::function<bool(double)>& progress)
    : images_(images),
      classes_(classes),
      threads_(threads),
      progress_(progress),
      dim_(images.features.shape().c),
      count_(int_size(images.labels)),
      head_(make_head(dim_, classes)) {
  // Fold k has the images k, k + 5, ... of each class.
  std::vector<int> of_class(classes);
  for (const int label : images.labels) fold_.push_back(of_class[label]++ % kMaxFolds);
  const int most = *std::max_element(of_class.begin(), of_class.end());
  folds_ = most < 2 ? 0 : std::min(most, kMaxFolds);
  // The last fit, on all images, takes about as long as the search in one fold.
  all_steps_ = (kStrengths.size() + (images.views > 1 ? 1 : 0)) * folds_ + kStrengths.size();
  standardise();
  const int rows = count_ * images.views;
  set_.targets = Tensor({rows, 1, 1, classes});
  for (int r = 0; r < rows; ++r) set_.targets.image(r)[images.labels[r / images.views]] = 1;
}

// The same head is optimal for features minus their mean, apart from its bias, and is found in
// fewer iterations.
void Search::standardise() {
  const int rows = images_.features.shape().n;
  mean_.assign(dim_, 0);
  double square_norm = 0;
  for (int r = 0; r < rows; ++r) {
    const Scalar* x = images_.features.image(r);
    for (int d = 0; d < dim_; ++d) {
      mean_[d] += x[d];
      square_norm += double{x[d]} * x[d];
    }
  }
  for (double& mean : mean_) mean /= rows;
  norm_ = std::sqrt(std::max(square_norm / rows, std::numeric_limits<double>::min()));
  set_.features = Tensor(images_.features.shape());
  for (int r = 0; r < rows; ++r) {
    const Scalar* from = images_.features.image(r);
    Scalar* to = set_.features.image(r);
    for (int d = 0; d < dim_; ++d) to[d] = static_cast<Scalar>((from[d] - mean_[d]) / norm_);
  }
}

// weight . (x - mean) / norm + bias = (weight / norm) . x + (bias - (weight / norm) . mean)
void Search::store_head(Network& network) {
  const Scalar* from = head_.head_weight().value.data();
  Scalar* weight = network.head_weight().value.data();
  std::vector<double> bias(classes_);
  for (int j = 0; j < classes_; ++j) bias[j] = head_.head_bias()->value.data()[j];
  for (int d = 0; d < dim_; ++d) {
    for (int j = 0; j < classes_; ++j, ++from, ++weight) {
      *weight = static_cast<Scalar>(*from / norm_);
      bias[j] -= *weight * mean_[d];
    }
  }
  std::transform(bias.begin(), bias.end(), network.head_bias()->value.data(),
                 [](double b) { return static_cast<Scalar>(b); });
}

// Weight 0 for the images of one fold (-1: none) and for the views that are not used, and for each
// other image 1, divided among its views.
void Search::set_weights(int held_out_fold, int views) {
  set_.weights.assign(set_.features.shape().n, 0);
  for (int i = 0; i < count_; ++i) {
    if (fold_[i] == held_out_fold) continue;
    std::fill_n(&set_.weights[i * images_.views], views, 1.0 / views);
  }
}

bool Search::report(std::size_t more) {
  steps_ += more;
  return !progress_ || progress_(static_cast<double>(steps_) / static_cast<double>(all_steps_));
}

HeadSearch Search::run() {
  HeadSearch result;
  result.selected = {kDefaultStrength, images_.views, 0, 0};
  if (folds_ > 0 && !search(result)) return {.stopped = true};
  fit(result.selected.strength, result.selected.views);
  if (!report(kStrengths.size())) return {.stopped = true};
  return result;
}

void Search::fit(double strength, int views) {
  set_weights(-1, views);
  HeadFit(head_, set_, ridge(strength, count_), threads_, HeadPrior::zero)
      .run(kFinalIterations, kFinalDecrease);
}

// Cross-validates all penalties with all views, and the best of them with one view. False: stopped.
bool Search::search(HeadSearch& result) {
  const auto by_loss = [](const Candidate& a, const Candidate& b) {
    return a.score.log_loss < b.score.log_loss;
  };
  if (!cross_validate(images_.views, kStrengths)) return false;
  if (images_.views > 1) {
    const auto best = std::min_element(candidates_.begin(), candidates_.end(), by_loss);
    const std::array strength{best->score.strength};
    if (!cross_validate(1, strength)) return false;
  }
  const auto usual = std::find_if(candidates_.begin(), candidates_.end(), [](const Candidate& c) {
    return c.score.strength == kDefaultStrength;
  });
  const auto best = std::min_element(candidates_.begin(), candidates_.end(), by_loss);
  Candidate& selected = clearly_lower(best->losses, usual->losses) ? *best : *usual;
  result.folds = folds_;
  for (const Candidate& candidate : candidates_) result.scores.push_back(candidate.score);
  result.selected = selected.score;
  result.temperature = selected.temperature;
  result.logits = std::move(selected.logits);
  return true;
}

// Adds a candidate for each penalty. False: stopped.
bool Search::cross_validate(int views, std::span<const double> strengths) {
  const std::size_t first = candidates_.size();
  for (const double strength : strengths) {
    candidates_.push_back({{strength, views, 0, 0}, Tensor({count_, 1, 1, classes_}), {}, {}});
  }
  const std::span added = std::span(candidates_).subspan(first);
  for (int fold = 0; fold < folds_; ++fold) {
    if (!search_fold(fold, added)) return false;
  }
  for (Candidate& candidate : added) measure(candidate);
  return true;
}

bool Search::search_fold(int fold, std::span<Candidate> candidates) {
  set_weights(fold, candidates[0].score.views);
  const HeadTrainingSet others = rows_with_weight(set_);
  const auto held_out = static_cast<int>(std::count(fold_.begin(), fold_.end(), fold));
  Network head = make_head(dim_, classes_);
  for (Candidate& candidate : candidates) {
    HeadFit(head, others, ridge(candidate.score.strength, count_ - held_out), threads_,
            HeadPrior::zero)
        .run(kSearchIterations, kSearchDecrease);
    copy_logits(head, fold, candidate.logits);
    if (!report(1)) return false;
  }
  return true;
}

// Writes the logits of the first view of the images of a fold.
void Search::copy_logits(const Network& head, int fold, Tensor& logits) const {
  Tensor x({1, 1, 1, dim_}), z;
  Scratch scratch;
  for (int i = 0; i < count_; ++i) {
    if (fold_[i] != fold) continue;
    std::copy_n(set_.features.image(i * images_.views), dim_, x.data());
    head.infer_head(x, z, scratch);
    std::copy_n(z.data(), classes_, logits.image(i));
  }
}

void Search::measure(Candidate& candidate) const {
  candidate.temperature = fit_temperature(candidate.logits, images_.labels);
  candidate.losses = log_losses(candidate.logits, images_.labels, candidate.temperature.value);
  int correct = 0;
  for (int i = 0; i < count_; ++i) {
    correct += candidate.logits.argmax(i) == images_.labels[i] ? 1 : 0;
  }
  candidate.score.accuracy = 1.0 * correct / count_;
  candidate.score.log_loss = mean_of(candidate.losses);
}

}  // namespace

namespace {

void check_sizes(Network& network, const ImageFeatures& images) {
  const int count = int_size(images.labels);
  const Shape wanted{count * images.views, 1, 1, network.feature_dim()};
  if (images.views < 1 || images.features.shape() != wanted) {
    throw ShapeError("head training: got features " + to_string(images.features.shape(), true) +
                     " for " + std::to_string(count) + " images in " +
                     std::to_string(images.views) + " views and " +
                     std::to_string(network.feature_dim()) + " features");
  }
  if (network.head_bias() == nullptr) throw ShapeError("head training: the head has no bias");
  check_labels("head training", Tensor({count, 1, 1, network.outputs()}), images.labels);
}

}  // namespace

HeadSearch train_head(Network& network, const ImageFeatures& images, int threads,
                      const std::function<bool(double)>& progress) {
  check_sizes(network, images);
  Search search(images, network.outputs(), threads, progress);
  HeadSearch result = search.run();
  if (!result.stopped) search.store_head(network);
  return result;
}

void fit_head(Network& network, const ImageFeatures& images, const HeadScore& selected,
              int threads) {
  check_sizes(network, images);
  if (selected.views < 1 || selected.views > images.views) {
    throw ShapeError("head training: got " + std::to_string(images.views) + " views, expected " +
                     std::to_string(selected.views));
  }
  Search search(images, network.outputs(), threads, {});
  search.fit(selected.strength, selected.views);
  search.store_head(network);
}

}  // namespace fovea
