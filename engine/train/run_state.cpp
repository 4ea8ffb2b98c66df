#include "engine/train/run_state.h"

#include <cstdio>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

std::string history_line(const EpochReport& r) {
  std::string line = std::to_string(r.epoch) + (r.validated ? " 1" : " 0") + (r.best ? " 1" : " 0");
  for (const double x :
       {double{r.lr}, r.train_loss, r.train_accuracy, r.val_loss, r.val_accuracy, r.seconds}) {
    line += " " + exact_text(x);
  }
  return line;
}

EpochReport parse_history_line(const std::string& line) {
  EpochReport r;
  int validated = 0, best = 0;
  if (std::sscanf(line.c_str(), "%d %d %d %f %lf %lf %lf %lf %lf", &r.epoch, &validated, &best,
                  &r.lr, &r.train_loss, &r.train_accuracy, &r.val_loss, &r.val_accuracy,
                  &r.seconds) != 9) {
    throw FormatError("checkpoint: malformed line of history: " + line);
  }
  r.validated = validated != 0;
  r.best = best != 0;
  return r;
}

}  // namespace

void RunState::next_epoch() {
  ++epoch;
  batch = seen = correct = 0;
  loss = seconds = 0;
}

void RunState::add_to(CheckpointView& view) const {
  auto& texts = view.texts;
  texts["epoch"] = std::to_string(epoch);
  texts["batch"] = std::to_string(batch);
  texts["seen"] = std::to_string(seen);
  texts["correct"] = std::to_string(correct);
  texts["loss"] = exact_text(loss);
  texts["seconds"] = exact_text(seconds);
  texts["lr"] = exact_text(double{lr});
  texts["plateau.best"] = exact_text(plateau.best);
  texts["plateau.waited"] = std::to_string(plateau.waited);
  texts["plateau.factor"] = exact_text(double{plateau.factor});
  texts["early.best"] = exact_text(early.best);
  texts["early.best_epoch"] = std::to_string(early.best_epoch);
  for (std::size_t i = 0; i < history.size(); ++i) {
    texts["history." + std::to_string(i)] = history_line(history[i]);
  }
  view.add_arrays("best.", best);
}

RunState RunState::take_from(Checkpoint& checkpoint) {
  const auto integer = [&](const std::string& name) {
    return static_cast<int>(checkpoint.integer(name));
  };
  RunState state;
  state.epoch = integer("epoch");
  state.batch = integer("batch");
  state.seen = integer("seen");
  state.correct = integer("correct");
  state.loss = checkpoint.real("loss");
  state.seconds = checkpoint.real("seconds");
  state.lr = static_cast<float>(checkpoint.real("lr"));
  state.plateau = {checkpoint.real("plateau.best"), integer("plateau.waited"),
                   static_cast<float>(checkpoint.real("plateau.factor"))};
  state.early = {checkpoint.real("early.best"), integer("early.best_epoch")};
  state.best = checkpoint.take_arrays("best.");
  if (state.epoch < 0 || state.batch < 0) throw FormatError("checkpoint: the position is negative");
  for (int i = 0; i < state.epoch; ++i) {
    state.history.push_back(parse_history_line(checkpoint.text("history." + std::to_string(i))));
  }
  return state;
}

}  // namespace fovea
