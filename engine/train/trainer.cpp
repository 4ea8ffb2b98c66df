#include "engine/train/trainer.h"

#include <chrono>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/train/micro_batches.h"
#include "engine/train/run_checks.h"
#include "engine/train/run_state.h"
#include "engine/train/validate.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// The learning-rate scale of each parameter: that of the recipe for batch-norm biases, which stand
// beside a running mean, and for the last layer, and 1 for the others.
std::vector<float> lr_scales(Network& network, const Recipe& recipe) {
  std::vector<float> scales;
  const std::vector<LayerSpec>& layers = network.spec().layers;
  const bool dense = std::holds_alternative<DenseSpec>(layers.back().kind);
  const Param* weight = dense ? &network.head_weight() : nullptr;
  const Param* bias = dense ? network.head_bias() : nullptr;
  for (const Param* param : network.params()) {
    bool norm = false;
    for (const Buffer* buffer : network.buffers()) {
      const std::size_t dot = buffer->name.rfind('.');
      norm = norm || param->name == buffer->name.substr(0, dot) + ".bias";
    }
    const bool head = param == weight || param == bias;
    scales.push_back(norm ? recipe.norm_bias_lr : head ? recipe.head_lr : 1.0f);
  }
  return scales;
}

class TrainingRun {
 public:
  TrainingRun(Network& network, const TrainingSet& train_set, const TrainingSet* val,
              const Preprocess& preprocess, const Recipe& recipe, int threads,
              TrainObserver& observer, const FineTuneOptions& fine_tune, Ranks* ranks)
      : network_(network),
        train_(train_set),
        val_(val),
        preprocess_(preprocess),
        recipe_(recipe),
        threads_(threads),
        observer_(observer),
        fine_tune_(fine_tune),
        ranks_(ranks),
        optimizer_(make_optimizer(recipe.optimizer)),
        average_(recipe.ema_decay, recipe.ema_every),
        runner_(network, train_set, preprocess, recipe, threads,
                {fine_tune.teacher, fine_tune.first_distilled}, ranks),
        batches_(ceil_div(train_set.count(), recipe.batch)),
        total_steps_(std::int64_t{recipe.epochs} * batches_) {
    if (recipe.norm_bias_lr != 1 || recipe.head_lr != 1) {
      optimizer_->set_lr_scales(lr_scales(network, recipe));
    }
  }

  TrainResult run(std::vector<std::uint8_t> resume) {
    fingerprint_ = run_fingerprint(recipe_, preprocess_, train_, val_);
    if (ranks_ != nullptr) {
      check_ranks(*ranks_, fingerprint_);
      broadcast_all(*ranks_, resume);
    }
    if (!resume.empty()) restore(std::move(resume));
    TrainOutcome outcome = TrainOutcome::finished;
    try {
      outcome = run_epochs();
    } catch (const RankLost&) {
      // Everything but the place of the average is as after the last complete batch or epoch.
      swap_average_out();
      if (rank_of(ranks_) == 0) observer_.on_checkpoint(checkpoint());
      throw;
    }
    if (outcome != TrainOutcome::stopped) keep_final_weights();
    return {outcome, state_.early.best_epoch, std::move(state_.history)};
  }

 private:
  TrainOutcome run_epochs() {
    while (state_.epoch < recipe_.epochs) {
      if (state_.early.exhausted(state_.epoch - 1, recipe_.patience)) {
        return TrainOutcome::stopped_early;
      }
      const TrainOutcome outcome = run_epoch();
      if (outcome != TrainOutcome::finished) return outcome;
    }
    return TrainOutcome::finished;
  }

  TrainOutcome run_epoch() {
    started_ = Clock::now();
    if (fine_tune_.before_epoch) fine_tune_.before_epoch(state_.epoch);
    epoch_order(recipe_.seed, state_.epoch, train_.count(), order_);
    while (state_.batch < batches_) {
      const TrainOutcome outcome = run_batch();
      if (outcome != TrainOutcome::finished) return outcome;
    }
    return finish_epoch();
  }

  TrainOutcome run_batch() {
    const IndexRange range = split_range(train_.count(), recipe_.batch, state_.batch);
    const int images = range.size();
    const std::int64_t step = std::int64_t{state_.epoch} * batches_ + state_.batch;
    state_.lr =
        recipe_.lr * state_.plateau.factor * schedule_factor(recipe_.schedule, step, total_steps_);
    const std::span<const int> indices(order_.data() + range.begin, images);
    const MicroBatchRunner::Sums sums = runner_.run(indices, state_.epoch, step);
    if (!std::isfinite(sums.loss)) throw TrainingDiverged(state_.epoch, recipe_.lr);
    optimizer_->step(network_.params(), state_.lr, threads_);
    runner_.broadcast_weights();
    average_.update(step + 1, network_.params(), network_.buffers(), threads_);
    state_.loss += sums.loss;
    state_.correct += static_cast<int>(sums.correct);
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
    return handle(rank_of(ranks_) == 0 ? observer_.on_batch(report) : Control::keep_going);
  }

  TrainOutcome finish_epoch() {
    // Validate with the averaged weights, then continue training with the current ones.
    swap_average_in();
    if (!has_finite_weights(network_)) throw TrainingDiverged(state_.epoch, recipe_.lr);
    runner_.release_gradients();
    EpochReport report{state_.epoch, state_.lr, state_.loss / state_.seen,
                       1.0 * state_.correct / state_.seen};
    if (val_ != nullptr && val_->count() > 0) {
      const Validation result = validate(network_, *val_, preprocess_, threads_, ranks_);
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
    const Control control =
        rank_of(ranks_) == 0 ? observer_.on_epoch(report, network_) : Control::keep_going;
    swap_average_out();
    state_.next_epoch();
    started_ = Clock::now();
    return handle(control);
  }

  // What the observer of rank 0 requests, all ranks do.
  TrainOutcome handle(Control control) {
    if (ranks_ != nullptr) {
      broadcast(*ranks_, {reinterpret_cast<std::uint8_t*>(&control), sizeof control});
    }
    if (control == Control::keep_going) return TrainOutcome::finished;
    runner_.release_gradients();
    if (rank_of(ranks_) == 0) observer_.on_checkpoint(checkpoint());
    return control == Control::stop ? TrainOutcome::stopped : TrainOutcome::finished;
  }

  void swap_in(Weights& weights) { swap_weights(network_.params(), network_.buffers(), weights); }

  void swap_average_in() {
    average_is_in_ = average_.ready();
    if (average_is_in_) swap_in(average_.average());
  }
  void swap_average_out() {
    if (average_is_in_) swap_in(average_.average());
    average_is_in_ = false;
  }

  void keep_final_weights() {
    if (!state_.best.empty()) {
      swap_in(state_.best);
    } else if (average_.ready()) {
      swap_in(average_.average());
    }
  }

  // Seconds spent in this epoch, including the time before an interruption.
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
  const FineTuneOptions& fine_tune_;
  Ranks* const ranks_;
  std::unique_ptr<Optimizer> optimizer_;
  WeightAverage average_;
  bool average_is_in_ = false;  // the network has the averaged weights, average_ the current ones
  MicroBatchRunner runner_;
  const int batches_;
  const std::int64_t total_steps_;
  std::string fingerprint_;
  std::vector<int> order_;
  Clock::time_point started_ = Clock::now();
  RunState state_;
};

void TrainingRun::restore(std::vector<std::uint8_t> bytes) {
  Checkpoint saved = read_checkpoint(bytes);
  bytes = {};
  if (saved.text("fingerprint") != fingerprint_) {
    throw FormatError(
        "the checkpoint belongs to another run (other recipe or other images); its recipe: " +
        saved.text("recipe"));
  }
  state_ = RunState::take_from(saved);
  if (state_.epoch > recipe_.epochs || state_.batch > batches_) {
    throw FormatError("checkpoint: position " + std::to_string(state_.epoch) + "/" +
                      std::to_string(state_.batch) + " is outside the run");
  }
  const auto take = [&](const std::string& name, Tensor& into) {
    const auto found = saved.arrays.find("weight." + name);
    if (found == saved.arrays.end() || found->second.shape() != into.shape()) {
      throw FormatError("checkpoint: weight " + name + " is missing or has another shape");
    }
    into = std::move(found->second);
  };
  for (Param* param : network_.params()) take(param->name, param->value);
  for (Buffer* buffer : network_.buffers()) take(buffer->name, buffer->value);
  optimizer_->restore(saved.integer("optimizer.steps"), saved.take_arrays("optimizer."));
  average_.restore(saved.integer("average.updates"), saved.take_arrays("average."));
  runner_.broadcast_weights();
}

}  // namespace

TrainResult train(Network& network, const TrainingSet& train_set, const TrainingSet* val,
                  const Preprocess& preprocess, const Recipe& recipe, int threads,
                  TrainObserver& observer, std::vector<std::uint8_t> resume,
                  const FineTuneOptions& fine_tune, Ranks* ranks) {
  check_run(network, train_set, val, recipe, fine_tune);
  if (recipe.freeze_statistics) network.freeze_statistics();
  return TrainingRun(network, train_set, val, preprocess, recipe, threads, observer, fine_tune,
                     ranks)
      .run(std::move(resume));
}

}  // namespace fovea
