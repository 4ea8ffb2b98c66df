#include "engine/train/run_checks.h"

#include <algorithm>
#include <cmath>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"

namespace fovea {

void check_run(const Network& network, const TrainingSet& train_set, const TrainingSet* val,
               const Recipe& recipe, const FineTuneOptions& fine_tune) {
  check_recipe(recipe);
  if (recipe.distillation > 0 && fine_tune.teacher == nullptr) {
    throw ConfigError("train: distillation needs a teacher");
  }
  const bool needs_val = recipe.patience > 0 || recipe.schedule.kind == ScheduleKind::plateau;
  if (needs_val && (val == nullptr || val->count() == 0)) {
    throw ConfigError("train: patience and plateau need validation images");
  }
  const auto mismatch = [](const std::string& what) { throw ShapeError("train: " + what); };
  if (fine_tune.teacher != nullptr && fine_tune.teacher->outputs() > network.outputs()) {
    mismatch("the teacher has " + std::to_string(fine_tune.teacher->outputs()) +
             " outputs, the network " + std::to_string(network.outputs()));
  }
  if (train_set.count() == 0) mismatch("there are no images");
  const Shape& input = network.spec().input;
  for (const TrainingSet* set : {&train_set, val}) {
    if (set == nullptr) continue;
    if (input.h != set->size || input.w != set->size || input.c != 3) {
      mismatch("the images have " + std::to_string(set->size) + " pixels, the network takes " +
               to_string(input));
    }
    if (int_size(set->classes) != network.outputs()) {
      mismatch("the images have " + std::to_string(set->classes.size()) +
               " classes, the network has " + std::to_string(network.outputs()) + " outputs");
    }
  }
}

std::string run_fingerprint(const Recipe& recipe, const Preprocess& preprocess,
                            const TrainingSet& train, const TrainingSet* val) {
  Sha256 sha;
  std::string text = recipe_text(recipe);
  for (std::size_t c = 0; c < 3; ++c) {
    text += exact_text(double{preprocess.mean[c]}) + " " + exact_text(double{preprocess.std[c]});
    text += "\n";
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

void check_ranks(Ranks& ranks, const std::string& fingerprint) {
  const std::vector<std::string> isas = gather_texts(ranks, to_string(best_isa()));
  const std::vector<std::string> runs = gather_texts(ranks, fingerprint);
  for (int r = 1; r < ranks.size(); ++r) {
    if (isas[r] != isas[0]) {
      throw ConfigError("rank " + std::to_string(r) + " computes with " + isas[r] +
                        ", rank 0 with " + isas[0] +
                        "; their weights would differ. Set FOVEA_ISA to the least of them");
    }
    if (runs[r] != runs[0]) {
      throw ConfigError("rank " + std::to_string(r) +
                        " has another recipe or other images than rank 0");
    }
  }
}

bool has_finite_weights(const Network& network) {
  constexpr Scalar kLimit = 1e6f;
  const auto in_range = [](const Tensor& t) {
    return std::all_of(t.data(), t.data() + t.size(),
                       [](Scalar x) { return std::abs(x) < kLimit; });
  };
  return std::all_of(network.params().begin(), network.params().end(),
                     [&](const Param* param) { return in_range(param->value); });
}

}  // namespace fovea
