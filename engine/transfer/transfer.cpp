#include "engine/transfer/transfer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/sha256.h"
#include "engine/data/training_set.h"
#include "engine/eval/evaluate.h"
#include "engine/fit/novelty_fit.h"
#include "engine/fit/view_features.h"
#include "engine/model/model_file.h"
#include "engine/transfer/feature_cache.h"

namespace fovea {
namespace {

constexpr std::size_t kChunk = 32;  // images between two calls of progress

// Identifies what the features depend on, besides the image.
std::string features_key(const Network& network, const Preprocess& preprocess) {
  Sha256 hash;
  const auto add = [&hash](const void* data, std::size_t bytes) {
    hash.update({static_cast<const std::uint8_t*>(data), bytes});
  };
  const std::string text = spec_to_json(network.spec()) + to_string(preprocess.fit);
  add(text.data(), text.size());
  add(preprocess.mean.data(), sizeof preprocess.mean);
  add(preprocess.std.data(), sizeof preprocess.std);
  for (const auto& [name, tensor] : tensors_by_name(network)) {
    add(name.data(), name.size());
    add(tensor->data(), static_cast<std::size_t>(tensor->size()) * sizeof(Scalar));
  }
  return hash.hex();
}

class Transfer {
 public:
  Transfer(const Model& backbone, const Dataset& dataset, const TransferOptions& options);
  Transferred run();

 private:
  bool extract_features();
  void extract_chunk(std::span<const ImageRecord* const> images, const Network& folded);
  bool report(TransferPhase phase, double done) const {
    return !options_.progress || options_.progress(phase, done);
  }
  ImageFeatures training_features() const;
  void fine_tune_network(const ImageFeatures& features);
  void add_fine_tuned(FineTuned& tuned);
  void add_predictions();
  void add_notes();

  const Dataset& dataset_;
  const TransferOptions& options_;
  std::vector<const ImageRecord*> images_;  // all
  std::vector<const ImageRecord*> used_;    // those whose features are needed
  std::vector<int> training_;               // indices of the images that are not in the test split
  Transferred result_;
  FeatureCache cache_;
};

Preprocess preprocess_for(const Model& backbone, const TransferOptions& options) {
  Preprocess preprocess = backbone.preprocess;
  if (options.size > 0) preprocess.size = options.size;
  preprocess.fit = options.fit;
  return preprocess;
}

Transfer::Transfer(const Model& backbone, const Dataset& dataset, const TransferOptions& options)
    : dataset_(dataset),
      options_(options),
      result_{.model = {replace_head(backbone.network, preprocess_for(backbone, options).size,
                                     std::max(int_size(dataset.classes()), 1)),
                        preprocess_for(backbone, options),
                        dataset.classes(),
                        1,
                        {}}},
      // With one output, so that the key does not depend on the number of classes.
      cache_(options.cache,
             features_key(replace_head(backbone.network, result_.model.preprocess.size, 1),
                          result_.model.preprocess),
             view_feature_count(result_.model.network)) {
  std::set<int> classes;
  for (const ImageRecord& image : dataset.images()) {
    if (image.split != Split::test) {
      training_.push_back(int_size(images_));
      classes.insert(image.label);
    }
    images_.push_back(&image);
    if (image.split != Split::test || options.test_images) used_.push_back(&image);
  }
  if (classes.size() < 2) {
    throw ConfigError("training needs images of at least two classes, and the dataset has " +
                      std::to_string(classes.size()));
  }
}

void Transfer::extract_chunk(std::span<const ImageRecord* const> images, const Network& folded) {
  const Preprocess& preprocess = result_.model.preprocess;
  const TrainingSet set = load_images(dataset_, {images.begin(), images.end()}, preprocess.size,
                                      preprocess.fit, preprocess.mean, options_.threads);
  std::vector<ViewBuffers> buffers(std::max(options_.threads, 1));
  std::vector<std::vector<float>> features(images.size());
  const std::size_t pixels = std::size_t(set.size) * set.size * 3;
  parallel_for(set.count(), options_.threads, [&](int i, int thread) {
    features[i].resize(view_feature_count(folded));
    compute_view_features(folded, preprocess, {set.image(i), pixels}, buffers[thread],
                          features[i].data());
  });
  for (int i = 0; i < set.count(); ++i) cache_.add(images[i]->hash, std::move(features[i]));
}

// Computes the features that are not cached. False: stopped.
bool Transfer::extract_features() {
  std::vector<const ImageRecord*> unknown;
  for (const ImageRecord* image : used_) {
    if (cache_.find(image->hash) == nullptr) unknown.push_back(image);
  }
  result_.computed = int_size(unknown);
  const Network folded = fold_batch_norm(result_.model.network);
  for (std::size_t done = 0; done < unknown.size();) {
    if (!report(TransferPhase::features, double(done) / double(unknown.size()))) return false;
    const std::size_t count = std::min(kChunk, unknown.size() - done);
    extract_chunk(std::span(unknown).subspan(done, count), folded);
    done += count;
  }
  return true;
}

void Transfer::add_notes() {
  if (!cache_.problem().empty()) {
    result_.notes.push_back("Stored features were not used: " + cache_.problem() + ".");
  }
  const std::vector<std::string>& classes = dataset_.classes();
  std::vector<int> counts(classes.size());
  for (const int i : training_) ++counts[images_[i]->label];
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (counts[c] >= 5) continue;
    result_.notes.push_back("Class " + classes[c] + " has " + std::to_string(counts[c]) +
                            (counts[c] == 1 ? " image" : " images") +
                            " to train on; 20 or more are recommended.");
  }
  if (result_.temperature.few_images() || result_.search.folds == 0) {
    result_.notes.push_back(
        "There are too few images to calibrate the probabilities: they may be too high or too "
        "low.");
  }
  if (result_.is_fine_tuned()) {
    result_.notes.push_back(
        "A fine-tuned model does not recognise images that resemble none of its classes.");
  } else if (!result_.model.novelty.available()) {
    result_.notes.push_back(
        "The model does not recognise images that resemble none of its classes: that needs 19 "
        "images or more and at most 512 classes.");
  }
}

Transferred Transfer::run() {
  const bool extracted = extract_features();
  if (!options_.cache.empty()) cache_.save(images_);  // a stopped training keeps what is done
  if (!extracted) {
    result_.stopped = true;
    return std::move(result_);
  }
  const ImageFeatures features = training_features();
  result_.search = train_head(result_.model.network, features, options_.threads,
                              [&](double done) { return report(TransferPhase::head, done); });
  result_.stopped = result_.search.stopped;
  if (result_.stopped) return std::move(result_);
  result_.images = int_size(training_);
  result_.temperature = result_.search.temperature;
  result_.model.temperature = result_.temperature.value;
  result_.model.novelty = fit_novelty(features, options_.threads);
  add_predictions();
  if (options_.fine_tune) fine_tune_network(features);
  add_notes();
  return std::move(result_);
}

ImageFeatures Transfer::training_features() const {
  const int dim = result_.model.network.feature_dim();
  ImageFeatures features{
      kFeatureViews, Tensor({int_size(training_) * kFeatureViews, 1, 1, dim}), {}};
  for (int i = 0; i < int_size(training_); ++i) {
    const ImageRecord& image = *images_[training_[i]];
    std::copy_n(cache_.find(image.hash), view_feature_count(result_.model.network),
                features.features.image(i * kFeatureViews));
    features.labels.push_back(image.label);
  }
  return features;
}

void Transfer::add_predictions() {
  const Network& network = result_.model.network;
  result_.features = Tensor({int_size(images_), 1, 1, network.feature_dim()});
  for (int i = 0; i < int_size(images_); ++i) {
    const bool test = images_[i]->split == Split::test;
    result_.is_held_out.push_back(test && options_.test_images);
    if (test && !options_.test_images) continue;
    std::copy_n(cache_.find(images_[i]->hash), network.feature_dim(), result_.features.image(i));
  }
  result_.logits = apply_head(network, result_.features);
  const Tensor& cross_validated = result_.search.logits;
  for (int i = 0; i < int_size(training_); ++i) {
    Scalar* row = result_.logits.image(training_[i]);
    if (cross_validated.empty()) {
      std::fill_n(row, network.outputs(), Scalar{0});
    } else {
      std::copy_n(cross_validated.image(i), network.outputs(), row);
      result_.is_held_out[training_[i]] = true;
    }
  }
}

void Transfer::fine_tune_network(const ImageFeatures& features) {
  std::vector<const ImageRecord*> images;
  for (const int i : training_) images.push_back(images_[i]);
  const FineTuneInput input{dataset_, images, features, result_.search.selected, result_.model};
  FineTuned tuned = fine_tune(input, options_.threads,
                              [&](double done) { return report(TransferPhase::fine_tune, done); });
  result_.fine_tuning = tuned.verdict;
  result_.notes.push_back(describe(tuned.verdict));
  if (tuned.verdict.better) add_fine_tuned(tuned);
}

// Replaces the model and what it says about the held-out images.
void Transfer::add_fine_tuned(FineTuned& tuned) {
  Model& model = result_.model;
  model.network = std::move(tuned.network);
  model.temperature = tuned.temperature.value;
  // Distances between images that it was trained on would be too small for new images.
  model.novelty = {};
  result_.temperature = tuned.temperature;
  result_.logits.fill(0);
  result_.is_held_out.assign(images_.size(), false);
  const int classes = model.network.outputs();
  const auto set_row = [&](int image, const Scalar* logits) {
    std::copy_n(logits, classes, result_.logits.image(image));
    result_.is_held_out[image] = true;
  };
  for (int i = 0; i < int_size(tuned.evaluated); ++i) {
    set_row(training_[tuned.evaluated[i]], tuned.logits.image(i));
  }
  const Network folded = fold_batch_norm(model.network);
  for (int first = 0; first < int_size(images_); first += int(kChunk)) {
    std::vector<int> rows;
    std::vector<const ImageRecord*> chunk;
    for (int i = first; i < std::min(first + int(kChunk), int_size(images_)); ++i) {
      if (images_[i]->split != Split::test || !options_.test_images) continue;
      rows.push_back(i);
      chunk.push_back(images_[i]);
    }
    const Preprocess& preprocess = model.preprocess;
    const Tensor logits =
        evaluate_logits(folded, preprocess,
                        load_images(dataset_, chunk, preprocess.size, preprocess.fit,
                                    preprocess.mean, options_.threads),
                        options_.threads);
    for (int i = 0; i < int_size(rows); ++i) set_row(rows[i], logits.image(i));
  }
}

}  // namespace

Interval Transferred::Estimate::accuracy_interval() const {
  return wilson_interval(std::llround(accuracy * images), images);
}

Transferred::Estimate Transferred::estimate() const {
  if (is_fine_tuned()) {
    return {fine_tuning->folds, fine_tuning->images, fine_tuning->tuned_accuracy,
            fine_tuning->tuned_log_loss};
  }
  if (search.folds == 0) return {};
  return {search.folds, images, search.selected.accuracy, search.selected.log_loss};
}

bool same_features(const Model& a, const Model& b) {
  const auto key = [](const Model& model) {
    return features_key(replace_head(model.network, model.preprocess.size, 1), model.preprocess);
  };
  return a.preprocess == b.preprocess && key(a) == key(b);
}

Provenance backbone_provenance(const std::string& name, const ModelFile& backbone) {
  Provenance provenance{{"backbone", name}, {"backbone_sha256", backbone.weights_sha256}};
  for (const char* key : {"source", "licence"}) {
    const auto found = backbone.model.provenance.find(key);
    if (found != backbone.model.provenance.end()) {
      provenance[std::string("backbone_") + key] = found->second;
    }
  }
  return provenance;
}

Transferred train_on_backbone(const Model& backbone, const Dataset& dataset,
                              const TransferOptions& options) {
  return Transfer(backbone, dataset, options).run();
}

}  // namespace fovea
