#include "engine/retrain/retrain_plan.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

constexpr int kFewFresh = 5000;   // below: batch-norm statistics stay as they are
constexpr int kThinClass = 20;    // training images below which a class gets a note
constexpr int kMostRepeats = 10;  // of a fresh image in one epoch
constexpr int kLeastReplay = 5000, kMostReplay = 10'000;

bool knows(const Model& model, const std::string& name) {
  return std::find(model.classes.begin(), model.classes.end(), name) != model.classes.end();
}

// The champion's recipe when its file tells it, without what only training from scratch wants.
Recipe base_recipe(const Model& champion) {
  Recipe recipe;
  const auto text = champion.provenance.find("recipe");
  if (text != champion.provenance.end()) {
    try {
      recipe = parse_recipe(text->second);
    } catch (const ConfigError&) {  // of another version of Fovea: the defaults do
    }
  }
  recipe.optimizer = {.kind = OptimizerKind::sgd, .weight_decay = 5e-4f};
  recipe.schedule = {};
  recipe.patience = 0;
  recipe.norm_bias_lr = 1;
  recipe.label_smoothing = 0.1f;
  recipe.balanced = false;
  recipe.ema_decay = 0.995f;
  recipe.ema_every = 5;
  recipe.lane = 32;
  return recipe;
}

// The champion's classes in its order, then those it does not know that have training images.
void sort_classes(RetrainPlan& plan, const Model& champion, const Dataset& dataset) {
  std::vector<int> train(dataset.classes().size());
  for (const ImageRecord& image : dataset.images()) {
    if (image.split == Split::train) ++train[static_cast<std::size_t>(image.label)];
  }
  plan.classes = champion.classes;
  plan.old_classes = static_cast<int>(champion.classes.size());
  for (std::size_t c = 0; c < dataset.classes().size(); ++c) {
    const std::string& name = dataset.classes()[c];
    if (knows(champion, name)) continue;
    if (train[c] > 0) {
      plan.classes.push_back(name);
    } else {
      plan.notes.push_back("The class " + name +
                           " is left out: it has no image in the training split.");
    }
    if (train[c] > 0 && train[c] < kThinClass) {
      plan.notes.push_back("The new class " + name + " has only " + std::to_string(train[c]) +
                           " training images; " + std::to_string(kThinClass) +
                           " are the least that usually work, 50 or more are better.");
    }
  }
  for (const std::string& name : dataset.classes()) {
    const auto found = std::find(plan.classes.begin(), plan.classes.end(), name);
    plan.places.push_back(
        found == plan.classes.end() ? -1 : static_cast<int>(found - plan.classes.begin()));
  }
}

void sort_images(RetrainPlan& plan, const Dataset& dataset, const ChampionData& learned) {
  for (const ImageRecord& image : dataset.images()) {
    const int label = plan.label(image);
    if (label < 0) continue;
    const bool brought = image.origin == Origin::import && label < learned.elsewhere;
    const bool there = image.added_at <= learned.until || brought;
    RetrainPlan::Pool& pool = label < plan.old_classes && there ? plan.old : plan.fresh;
    std::vector<const ImageRecord*>& split = image.split == Split::train ? pool.train
                                             : image.split == Split::val ? pool.val
                                                                         : pool.test;
    split.push_back(&image);
  }
}

std::vector<int> count_classes(const RetrainPlan& plan,
                               const std::vector<const ImageRecord*>& list) {
  std::vector<int> counts(plan.classes.size());
  for (const ImageRecord* image : list) ++counts[static_cast<std::size_t>(plan.label(*image))];
  return counts;
}

bool can_freeze(const Model& champion, const FeatureBundle* bundle) {
  const auto& layers = champion.network.spec().layers;
  return bundle != nullptr && !layers.empty() &&
         std::holds_alternative<DenseSpec>(layers.back().kind);
}

void choose_mode(RetrainPlan& plan, const Model& champion, const FeatureBundle* bundle,
                 int elsewhere, const std::string& wanted) {
  const std::vector<int> old = count_classes(plan, plan.old.train);
  std::vector<std::string> lacking;
  for (int c = 0; c < plan.old_classes; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (old[at] < (c < elsewhere ? kOldEnough : 1)) lacking.push_back(plan.classes[at]);
  }
  const bool freezable = can_freeze(champion, bundle);
  if (wanted == "frozen") {
    if (!freezable) {
      throw ConfigError(
          "the head alone cannot be trained: the model has no feature statistics beside it "
          "(fovea bundle makes them)");
    }
    plan.mode = RetrainMode::frozen;
    plan.why = "It was asked for: only the head learns.";
  } else if (wanted == "full" || lacking.empty() || !freezable) {
    plan.mode = RetrainMode::full;
    plan.why = lacking.empty()
                   ? "Old images of every class are at hand: all layers learn, the old images "
                     "are replayed."
                   : "All layers learn, though there are fewer than " + std::to_string(kOldEnough) +
                         " old images of " + join(lacking) + ": these may be forgotten.";
  } else {
    plan.mode = RetrainMode::frozen;
    plan.why = "There are fewer than " + std::to_string(kOldEnough) + " old images of " +
               join(lacking) +
               ": only the head learns, from the new images and from what the model remembers of "
               "the old ones.";
  }
}

void choose_numbers(RetrainPlan& plan, const RetrainOptions& options) {
  const int fresh = static_cast<int>(plan.fresh.train.size());
  const std::vector<int> of_class = count_classes(plan, plan.fresh.train);
  const int wanted = options.replay.value_or(std::clamp(5 * fresh, kLeastReplay, kMostReplay));
  plan.replayed = std::min(wanted, static_cast<int>(plan.old.train.size()));
  // A fresh image of a new class is shown as often as it takes to match an old class.
  const int per_class = plan.replayed / std::max(plan.old_classes, 1);
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    const bool is_new = static_cast<int>(c) >= plan.old_classes;
    const int times = is_new && of_class[c] > 0 ? per_class / of_class[c] : 1;
    plan.repeats.push_back(std::clamp(times, 1, kMostRepeats));
  }
  Recipe& recipe = plan.recipe;
  recipe.seed = options.seed.value_or(1);
  recipe.epochs = options.epochs.value_or(plan.mode == RetrainMode::full ? 10 : 15);
  recipe.batch = options.batch.value_or(64);
  recipe.lr = options.lr.value_or(0.005f);
  recipe.distillation = options.distillation.value_or(1);
  recipe.freeze_statistics = options.freeze_statistics == "yes" ||
                             (options.freeze_statistics == "auto" && fresh < kFewFresh);
}

}  // namespace

std::string to_string(RetrainMode mode) {
  return mode == RetrainMode::full ? "full" : "frozen";
}

RetrainPlan plan_retrain(const Model& champion, const FeatureBundle* bundle, const Dataset& dataset,
                         const ChampionData& learned, const RetrainOptions& options) {
  RetrainPlan plan;
  sort_classes(plan, champion, dataset);
  sort_images(plan, dataset, learned);
  if (plan.fresh.train.empty() && (options.mode != "full" || plan.old.train.empty())) {
    throw ConfigError(
        "there is nothing new to learn: no training image was added since the model in service "
        "was trained; upload some, label predictions, or ask for mode full to go on with the old "
        "ones");
  }
  choose_mode(plan, champion, bundle, learned.elsewhere, options.mode);
  plan.recipe = base_recipe(champion);
  choose_numbers(plan, options);
  return plan;
}

std::int64_t RetrainPlan::shown() const {
  if (mode == RetrainMode::frozen) return std::ssize(fresh.train);
  std::int64_t count = replayed;
  for (const ImageRecord* p : fresh.train) count += repeats[static_cast<std::size_t>(label(*p))];
  return count;
}

std::uint64_t memory_needed(const RetrainPlan& plan, const Model& champion, const Dataset& dataset,
                            int threads) {
  constexpr std::uint64_t kProgram = 32 << 20;  // code, libraries, allocator
  constexpr std::uint64_t kIndexEntry = 320;    // bytes an image
  const auto size = static_cast<std::uint64_t>(champion.preprocess.size);
  const std::uint64_t image = size * size * 3;
  std::uint64_t activations = 0;  // of one image, numbers
  for (const Network::LayerInfo& layer : champion.network.describe()) {
    activations += static_cast<std::uint64_t>(layer.output.per_image());
  }
  const std::uint64_t weights =
      static_cast<std::uint64_t>(champion.network.parameter_count()) * sizeof(Scalar);
  // Holdout keeps the images that calibrate, and once more those of them that the curves show; of
  // the old ones no more than half calibrate. The others are read a chunk at a time.
  const std::uint64_t calibrate =
      plan.mode == RetrainMode::frozen
          ? 0
          : plan.fresh.val.size() + plan.old.test.size() / 2 + plan.classes.size();
  std::uint64_t needed =
      kProgram + dataset.images().size() * kIndexEntry + (2 * calibrate + kReadAtOnce) * image;
  if (plan.mode == RetrainMode::frozen) {
    return needed + 8 * weights + (plan.fresh.train.size() * 4) * image +
           static_cast<std::uint64_t>(threads) * 16 * activations * sizeof(Scalar);
  }
  const auto lanes =
      static_cast<std::uint64_t>((plan.recipe.batch + plan.recipe.lane - 1) / plan.recipe.lane);
  // Champion, its folded twin, network, gradients by lane, momentum, average, replicas, checkpoint.
  const std::uint64_t copies = 3 + lanes + 2 + static_cast<std::uint64_t>(threads) + 3;
  return needed + copies * weights + 2 * static_cast<std::uint64_t>(plan.shown()) * image +
         static_cast<std::uint64_t>(threads) * static_cast<std::uint64_t>(plan.recipe.lane) *
             activations * sizeof(Scalar);
}

}  // namespace fovea
