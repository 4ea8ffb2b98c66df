#include "engine/retrain/retrain_plan.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

constexpr int kFewNewImages = 5000;  // with fewer, batch-norm statistics are frozen
constexpr int kFewOfClass = 20;      // training images; with fewer, a new class gets a note
constexpr int kMaxRepeats = 10;      // of a new image in one epoch
constexpr int kMinReplay = 5000, kMaxReplay = 10'000;

bool knows(const Model& model, const std::string& name) {
  return std::find(model.classes.begin(), model.classes.end(), name) != model.classes.end();
}

// The champion's recipe if its file has one, with the options that suit fine-tuning.
Recipe base_recipe(const Model& champion) {
  Recipe recipe;
  const auto text = champion.provenance.find("recipe");
  if (text != champion.provenance.end()) {
    try {
      recipe = parse_recipe(text->second);
    } catch (const ConfigError&) {  // of another version of Fovea: use the defaults
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

// The champion's classes in its order, then the new ones that have training images.
void collect_classes(RetrainPlan& plan, const Model& champion, const Dataset& dataset) {
  std::vector<int> train(dataset.classes().size());
  for (const ImageRecord& image : dataset.images()) {
    if (image.split == Split::train) ++train[image.label];
  }
  plan.classes = champion.classes;
  plan.old_classes = int_size(champion.classes);
  for (std::size_t c = 0; c < dataset.classes().size(); ++c) {
    const std::string& name = dataset.classes()[c];
    if (knows(champion, name)) continue;
    if (train[c] > 0) {
      plan.classes.push_back(name);
    } else {
      plan.notes.push_back("The class " + name +
                           " is left out: it has no image in the training split.");
    }
    if (train[c] > 0 && train[c] < kFewOfClass) {
      plan.notes.push_back("The new class " + name + " has only " + std::to_string(train[c]) +
                           " training images; " + std::to_string(kFewOfClass) +
                           " are usually needed, 50 or more are better.");
    }
  }
  for (const std::string& name : dataset.classes()) {
    const auto found = std::find(plan.classes.begin(), plan.classes.end(), name);
    plan.class_map.push_back(
        found == plan.classes.end() ? -1 : static_cast<int>(found - plan.classes.begin()));
  }
}

void collect_images(RetrainPlan& plan, const Dataset& dataset, const ChampionData& champion_data) {
  for (const ImageRecord& image : dataset.images()) {
    const int label = plan.label(image);
    if (label < 0) continue;
    const bool imported = image.origin == Origin::import && label < champion_data.external_classes;
    const bool trained_on = image.added_at <= champion_data.data_time || imported;
    RetrainPlan::Pool& pool =
        label < plan.old_classes && trained_on ? plan.old_images : plan.new_images;
    std::vector<const ImageRecord*>& split = image.split == Split::train ? pool.train
                                             : image.split == Split::val ? pool.val
                                                                         : pool.test;
    split.push_back(&image);
  }
}

std::vector<int> count_classes(const RetrainPlan& plan,
                               const std::vector<const ImageRecord*>& list) {
  std::vector<int> counts(plan.classes.size());
  for (const ImageRecord* image : list) ++counts[plan.label(*image)];
  return counts;
}

// Whether frozen mode is possible: it needs feature statistics and a Dense head.
bool can_freeze(const Model& champion, const FeatureStatistics* statistics) {
  const auto& layers = champion.network.spec().layers;
  return statistics != nullptr && !layers.empty() &&
         std::holds_alternative<DenseSpec>(layers.back().kind);
}

void choose_mode(RetrainPlan& plan, const Model& champion, const FeatureStatistics* statistics,
                 int external_classes, const std::string& mode) {
  const std::vector<int> old = count_classes(plan, plan.old_images.train);
  std::vector<std::string> too_few;  // classes without enough old images for full mode
  for (int c = 0; c < plan.old_classes; ++c) {
    if (old[c] < (c < external_classes ? kMinOldImages : 1)) too_few.push_back(plan.classes[c]);
  }
  const bool freezable = can_freeze(champion, statistics);
  const std::string few_text =
      "fewer than " + std::to_string(kMinOldImages) + " old images of " + join(too_few);
  if (mode == "frozen") {
    if (!freezable) {
      throw ConfigError(
          "mode frozen is not possible: the model has no feature statistics (fovea bundle writes "
          "them)");
    }
    plan.mode = RetrainMode::frozen;
    plan.reason = "As requested, only the head is trained.";
  } else if (mode == "full" || too_few.empty() || !freezable) {
    plan.mode = RetrainMode::full;
    plan.reason = too_few.empty()
                      ? "There are old images of every class: all layers are trained, and old "
                        "images are replayed."
                      : "All layers are trained, although there are " + few_text +
                            ": these classes may be forgotten.";
  } else {
    plan.mode = RetrainMode::frozen;
    plan.reason = "There are " + few_text +
                  ": only the head is trained, on the new images and on the feature statistics of "
                  "the old ones.";
  }
}

void choose_numbers(RetrainPlan& plan, const RetrainOptions& options) {
  const int new_count = int_size(plan.new_images.train);
  const std::vector<int> of_class = count_classes(plan, plan.new_images.train);
  const int replay = options.replay.value_or(std::clamp(5 * new_count, kMinReplay, kMaxReplay));
  plan.replayed = std::min(replay, int_size(plan.old_images.train));
  // Images of new classes are repeated until a new class has as many as an old class.
  const int per_class = plan.replayed / std::max(plan.old_classes, 1);
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    const bool is_new = static_cast<int>(c) >= plan.old_classes;
    const int times = is_new && of_class[c] > 0 ? per_class / of_class[c] : 1;
    plan.repeats.push_back(std::clamp(times, 1, kMaxRepeats));
  }
  Recipe& recipe = plan.recipe;
  recipe.seed = options.seed.value_or(1);
  recipe.epochs = options.epochs.value_or(plan.mode == RetrainMode::full ? 10 : 15);
  recipe.batch = options.batch.value_or(64);
  recipe.lr = options.lr.value_or(0.005f);
  recipe.distillation = options.distillation.value_or(1);
  recipe.freeze_statistics = options.freeze_statistics == "yes" ||
                             (options.freeze_statistics == "auto" && new_count < kFewNewImages);
}

}  // namespace

std::string to_string(RetrainMode mode) {
  return mode == RetrainMode::full ? "full" : "frozen";
}

RetrainPlan plan_retrain(const Model& champion, const FeatureStatistics* statistics,
                         const Dataset& dataset, const ChampionData& champion_data,
                         const RetrainOptions& options) {
  RetrainPlan plan;
  collect_classes(plan, champion, dataset);
  collect_images(plan, dataset, champion_data);
  if (plan.new_images.train.empty() && (options.mode != "full" || plan.old_images.train.empty())) {
    throw ConfigError(
        "there are no new images: no training image was added since the active model was "
        "trained; upload images, label predictions, or request mode full to continue training on "
        "the old images");
  }
  choose_mode(plan, champion, statistics, champion_data.external_classes, options.mode);
  plan.recipe = base_recipe(champion);
  choose_numbers(plan, options);
  return plan;
}

std::int64_t RetrainPlan::images_per_epoch() const {
  if (mode == RetrainMode::frozen) return std::ssize(new_images.train);
  std::int64_t count = replayed;
  for (const ImageRecord* image : new_images.train) count += repeats[label(*image)];
  return count;
}

std::uint64_t memory_needed(const RetrainPlan& plan, const Model& champion, const Dataset& dataset,
                            int threads) {
  constexpr std::uint64_t kProgram = 32 << 20;  // code, libraries, allocator
  constexpr std::uint64_t kIndexEntry = 320;    // bytes per image
  const bool frozen = plan.mode == RetrainMode::frozen;
  const std::uint64_t size = champion.preprocess.size;
  const std::uint64_t image = size * size * 3;
  std::uint64_t activations = 0;  // of one image, numbers
  for (const Network::LayerInfo& layer : champion.network.describe()) {
    activations += layer.output.per_image();
  }
  const std::uint64_t weights = champion.network.parameter_count() * sizeof(Scalar);
  // Holdout keeps the calibration images, and a copy of those for validation. At most half of the
  // old images are for calibration. The others are read in chunks.
  const std::uint64_t calibration =
      frozen ? 0
             : plan.new_images.val.size() + plan.old_images.test.size() / 2 + plan.classes.size();
  std::uint64_t needed =
      kProgram + dataset.images().size() * kIndexEntry + (2 * calibration + kHoldoutChunk) * image;
  if (frozen) {
    return needed + 8 * weights + (plan.new_images.train.size() * 4) * image +
           threads * 16 * activations * sizeof(Scalar);
  }
  const std::uint64_t lanes = (plan.recipe.batch + plan.recipe.lane - 1) / plan.recipe.lane;
  // Champion, its folded copy, network; gradients of the lanes; momentum, average; replicas;
  // checkpoint.
  const std::uint64_t copies = 3 + lanes + 2 + threads + 3;
  return needed + copies * weights + 2 * plan.images_per_epoch() * image +
         threads * plan.recipe.lane * activations * sizeof(Scalar);
}

}  // namespace fovea
