#include "engine/train/trainer.h"

#include <chrono>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"
#include "engine/train/lanes.h"
#include "engine/train/run_state.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// Names a run: the same recipe on the same images.
std::string fingerprint(const Recipe& recipe, const Preprocess& preprocess,
                        const TrainingSet& train, const TrainingSet* val) {
  Sha256 sha;
  std::string text = recipe_text(recipe);
  for (int c = 0; c < 3; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    text += exact_text(double{preprocess.mean[channel]}) + " " +
            exact_text(double{preprocess.std[channel]}) + "\n";
  }
  sha.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  for (const TrainingSet* set : {&train, val}) {
    if (set == nullptr) continue;
    sha.update({reinterpret_cast<const std::uint8_t*>(&set->size), sizeof set->size});
    sha.update({reinterpret_cast<const std::uint8_t*>(set->labels.data()),
                set->labels.size() * sizeof(int)});
    sha.update(set->pixels);
  }
  return sha.hex();
}

// 1, or `scale` where a parameter is the bias beside a running mean: a batch norm's.
std::vector<float> norm_bias_scales(const Network& network, float scale) {
  std::vector<float> scales;
  for (const Param* param : network.params()) {
    bool norm = false;
    for (const Buffer* buffer : network.buffers()) {
      const std::size_t dot = buffer->name.rfind('.');
      norm = norm || param->name == buffer->name.substr(0, dot) + ".bias";
    }
    scales.push_back(norm ? scale : 1.0f);
  }
  return scales;
}

// The loss may stay a number for a while after the weights have left all bounds.
bool finite(const Network& network) {
  constexpr Scalar kMost = 1e6f;
  const auto sane = [](const Tensor& t) {
    return std::all_of(t.data(), t.data() + t.size(), [](Scalar x) { return std::abs(x) < kMost; });
  };
  return std::all_of(network.params().begin(), network.params().end(),
                     [&](const Param* param) { return sane(param->value); });
}

class Run {
 public:
  Run(Network& network, const TrainingSet& train_set, const TrainingSet* val,
      const Preprocess& preprocess, const Recipe& recipe, int threads, TrainObserver& observer,
      const TrainExtras& extras)
      : network_(network),
        train_(train_set),
        val_(val),
        preprocess_(preprocess),
        recipe_(recipe),
        threads_(threads),
        observer_(observer),
        extras_(extras),
        optimizer_(make_optimizer(recipe.optimizer)),
        average_(recipe.ema_decay, recipe.ema_every),
        lanes_(network, train_set, preprocess, recipe, threads,
               {extras.teacher, extras.first_taught}),
        batches_(ceil_div(train_set.count(), recipe.batch)),
        total_steps_(std::int64_t{recipe.epochs} * batches_) {
    if (recipe.norm_bias_lr != 1) {
      optimizer_->set_lr_scales(norm_bias_scales(network, recipe.norm_bias_lr));
    }
  }

  TrainResult go(std::vector<std::uint8_t> resume) {
    fingerprint_ = fingerprint(recipe_, preprocess_, train_, val_);
    if (!resume.empty()) restore(std::move(resume));
    Outcome outcome = Outcome::finished;
    while (state_.epoch < recipe_.epochs && outcome == Outcome::finished) {
      if (state_.early.exhausted(state_.epoch - 1, recipe_.patience)) {
        outcome = Outcome::early;
      } else {
        outcome = run_epoch();
      }
    }
    if (outcome == Outcome::finished || outcome == Outcome::early) keep_final_weights();
    return {outcome, state_.early.best_epoch, std::move(state_.history)};
  }

 private:
  Outcome run_epoch() {
    started_ = Clock::now();
    if (extras_.before_epoch) extras_.before_epoch(state_.epoch);
    epoch_order(recipe_.seed, state_.epoch, train_.count(), order_);
    while (state_.batch < batches_) {
      const Outcome outcome = run_batch();
      if (outcome != Outcome::finished) return outcome;
    }
    return finish_epoch();
  }

  Outcome run_batch() {
    const Range range = split_range(train_.count(), recipe_.batch, state_.batch);
    const int images = range.end - range.begin;
    const std::int64_t step = std::int64_t{state_.epoch} * batches_ + state_.batch;
    state_.lr =
        recipe_.lr * state_.plateau.factor * schedule_factor(recipe_.schedule, step, total_steps_);
    const std::span<const int> indices(order_.data() + range.begin,
                                       static_cast<std::size_t>(images));
    const Lanes::Sums sums = lanes_.run(indices, state_.epoch, step);
    if (!std::isfinite(sums.loss)) throw TrainingDiverged(state_.epoch, recipe_.lr);
    optimizer_->step(network_.params(), state_.lr, threads_);
    lanes_.broadcast_weights();
    average_.update(step + 1, network_.params(), network_.buffers(), threads_);
    state_.loss += sums.loss;
    state_.correct += sums.correct;
    state_.seen += images;
    ++state_.batch;
    const BatchReport report{state_.epoch,
                             state_.batch - 1,
                             batches_,
                             step,
                             total_steps_,
                             images,
                             state_.lr,
                             state_.loss / state_.seen,
                             1.0 * state_.correct / state_.seen};
    return obey(observer_.on_batch(report));
  }

  Outcome finish_epoch() {
    const bool averaged = average_.ready();
    if (averaged) swap_in(average_.average());
    if (!finite(network_)) throw TrainingDiverged(state_.epoch, recipe_.lr);
    lanes_.release_gradients();
    EpochReport report{state_.epoch, state_.lr, state_.loss / state_.seen,
                       1.0 * state_.correct / state_.seen};
    if (val_ != nullptr && val_->count() > 0) {
      const Validation result = validate(network_, *val_, preprocess_, threads_);
      if (!std::isfinite(result.loss)) throw TrainingDiverged(state_.epoch, recipe_.lr);
      report.validated = true;
      report.val_loss = result.loss;
      report.val_accuracy = result.accuracy;
      report.best = state_.early.observe(result.loss, state_.epoch);
      if (report.best && recipe_.patience > 0) {
        copy_weights(network_.params(), network_.buffers(), state_.best);
      }
      if (recipe_.schedule.kind == ScheduleKind::plateau) {
        state_.plateau.observe(result.loss, recipe_.schedule);
      }
    }
    report.seconds = elapsed();
    state_.history.push_back(report);
    const Control control = observer_.on_epoch(report, network_);
    if (averaged) swap_in(average_.average());
    state_.next_epoch();
    started_ = Clock::now();
    return obey(control);
  }

  Outcome obey(Control control) {
    if (control == Control::keep_going) return Outcome::finished;
    lanes_.release_gradients();
    observer_.on_checkpoint(checkpoint());
    return control == Control::stop ? Outcome::stopped : Outcome::finished;
  }

  void swap_in(Weights& weights) { swap_weights(network_.params(), network_.buffers(), weights); }

  void keep_final_weights() {
    if (!state_.best.empty()) {
      swap_in(state_.best);
    } else if (average_.ready()) {
      swap_in(average_.average());
    }
  }

  // Of this epoch, earlier sittings included.
  double elapsed() const {
    return state_.seconds + std::chrono::duration<double>(Clock::now() - started_).count();
  }

  std::vector<std::uint8_t> checkpoint() const {
    CheckpointView view;
    view.texts = {{"fingerprint", fingerprint_},
                  {"recipe", recipe_text(recipe_)},
                  {"optimizer.steps", std::to_string(optimizer_->steps())},
                  {"average.updates", std::to_string(average_.updates())}};
    state_.add_to(view);
    view.texts["seconds"] = exact_text(elapsed());
    for (const Param* param : network_.params())
      view.arrays["weight." + param->name] = &param->value;
    for (const Buffer* b : network_.buffers()) view.arrays["weight." + b->name] = &b->value;
    view.add_arrays("optimizer.", optimizer_->state());
    view.add_arrays("average.", average_.average());
    return write_checkpoint(view);
  }

  void restore(std::vector<std::uint8_t> bytes);

  Network& network_;
  const TrainingSet& train_;
  const TrainingSet* val_;
  const Preprocess& preprocess_;
  const Recipe& recipe_;
  const int threads_;
  TrainObserver& observer_;
  const TrainExtras& extras_;
  std::unique_ptr<Optimizer> optimizer_;
  WeightAverage average_;
  Lanes lanes_;
  const int batches_;
  const std::int64_t total_steps_;
  std::string fingerprint_;
  std::vector<int> order_;
  Clock::time_point started_ = Clock::now();
  RunState state_;
};

void Run::restore(std::vector<std::uint8_t> bytes) {
  Checkpoint saved = read_checkpoint(bytes);
  bytes = {};
  if (saved.text("fingerprint") != fingerprint_) {
    throw FormatError(
        "the checkpoint belongs to another run: recipe or images differ; its recipe: " +
        saved.text("recipe"));
  }
  state_ = RunState::take_from(saved);
  if (state_.epoch > recipe_.epochs || state_.batch > batches_) {
    throw FormatError("checkpoint: position " + std::to_string(state_.epoch) + "/" +
                      std::to_string(state_.batch) + " lies outside the run");
  }
  const auto take = [&](const std::string& name, Tensor& into) {
    const auto found = saved.arrays.find("weight." + name);
    if (found == saved.arrays.end() || found->second.shape() != into.shape()) {
      throw FormatError("checkpoint: weight " + name + " is missing or of another shape");
    }
    into = std::move(found->second);
  };
  for (Param* param : network_.params()) take(param->name, param->value);
  for (Buffer* buffer : network_.buffers()) take(buffer->name, buffer->value);
  optimizer_->restore(saved.integer("optimizer.steps"), saved.take_arrays("optimizer."));
  average_.restore(saved.integer("average.updates"), saved.take_arrays("average."));
  lanes_.broadcast_weights();
}

void check(const Network& network, const TrainingSet& train_set, const TrainingSet* val,
           const Recipe& recipe, const TrainExtras& extras) {
  const auto refuse = [](const std::string& what) { throw ConfigError("train: " + what); };
  const auto mismatch = [](const std::string& what) { throw ShapeError("train: " + what); };
  if (recipe.epochs < 1 || recipe.batch < 1 || recipe.lane < 1 || !(recipe.lr > 0)) {
    refuse("epochs, batch, lane and lr must be positive");
  }
  if (!(recipe.label_smoothing >= 0 && recipe.label_smoothing < 1)) refuse("label_smoothing");
  if (!(recipe.distillation >= 0 && recipe.distillation <= 1)) refuse("distillation from 0 to 1");
  if (recipe.distillation > 0 && extras.teacher == nullptr) refuse("distillation needs a teacher");
  if (extras.teacher != nullptr && extras.teacher->outputs() > network.outputs()) {
    mismatch("a teacher of " + std::to_string(extras.teacher->outputs()) + " outputs for " +
             std::to_string(network.outputs()));
  }
  const AugmentOptions& augment = recipe.augment;
  if (augment.shift < 0 || augment.cutout < 0 || !(augment.zoom >= 0 && augment.zoom < 1)) {
    refuse("shift and cutout from 0, zoom from 0 to below 1");
  }
  if (!(augment.rotate >= 0 && augment.rotate <= 180) ||
      !(augment.brightness >= 0 && augment.brightness <= 1) ||
      !(augment.contrast >= 0 && augment.contrast <= 1)) {
    refuse("rotate from 0 to 180 degrees, brightness and contrast from 0 to 1");
  }
  if (train_set.count() == 0) refuse("there are no images");
  const Shape& input = network.spec().input;
  for (const TrainingSet* set : {&train_set, val}) {
    if (set == nullptr) continue;
    if (input.h != set->size || input.w != set->size || input.c != 3) {
      mismatch("images of " + std::to_string(set->size) + " for a network of " + to_string(input));
    }
    if (static_cast<int>(set->classes.size()) != network.outputs()) {
      mismatch(std::to_string(set->classes.size()) + " classes for " +
               std::to_string(network.outputs()) + " outputs");
    }
  }
  const bool needs_val = recipe.patience > 0 || recipe.schedule.kind == ScheduleKind::plateau;
  if (needs_val && (val == nullptr || val->count() == 0)) {
    refuse("patience and plateau need validation images");
  }
}

}  // namespace

TrainResult train(Network& network, const TrainingSet& train_set, const TrainingSet* val,
                  const Preprocess& preprocess, const Recipe& recipe, int threads,
                  TrainObserver& observer, std::vector<std::uint8_t> resume,
                  const TrainExtras& extras) {
  check(network, train_set, val, recipe, extras);
  if (recipe.freeze_statistics) network.freeze_statistics();
  return Run(network, train_set, val, preprocess, recipe, threads, observer, extras)
      .go(std::move(resume));
}

}  // namespace fovea
