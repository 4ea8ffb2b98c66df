#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/fit/head_search.h"
#include "engine/fit/interval.h"
#include "engine/image/preprocess.h"
#include "engine/model/model_file.h"
#include "engine/transfer/fine_tune.h"

namespace fovea {

// Transfer learning: a new classifier on the features of a network that was trained on other
// images, its backbone (docs/decisions/0028-transfer.md).

enum class TransferPhase { features, head, fine_tune };

struct TransferOptions {
  int size = 0;  // edge of the network's input; 0: that of the backbone
  Fit fit = Fit::crop;
  int threads = 1;
  std::filesystem::path cache{};  // folder for features (FeatureCache); empty: they are not stored
  bool fine_tune = false;         // train the whole network afterwards, and keep it if it is better
  bool test_images = true;        // classify the images of the split test, too
  // Called with the fraction of the phase that is done; false stops. During fine-tuning that ends
  // it with the result of the head.
  std::function<bool(TransferPhase, double)> progress{};
};

struct Transferred {
  bool stopped = false;
  Model model;                                   // the caller sets the provenance
  HeadSearch search{};                           // on the features of the pretrained network
  std::optional<FineTuneVerdict> fine_tuning{};  // if it was requested
  Temperature temperature{};                     // of the model
  int images = 0;                                // that the model was trained on
  int computed = 0;                  // images of the dataset whose features were not stored
  std::vector<std::string> notes{};  // human-readable sentences about the training
  // By the pretrained network, of all images of the dataset in its order, as they are:
  // {n, 1, 1, dim}; zero for test images without TransferOptions::test_images.
  Tensor features{};
  // Logits of the same images by a model that was not trained on them: {n, 1, 1, classes}. For
  // training images those of cross-validation; zero where `is_held_out` is false.
  Tensor logits{};
  std::vector<bool> is_held_out{};

  // How many training images of `logits` the model is estimated on, and how many it gets right.
  struct Estimate {
    int folds = 0, images = 0;  // 0: there is no estimate
    double accuracy = 0, log_loss = 0;
    Interval accuracy_interval() const;
  };
  Estimate estimate() const;
  bool is_fine_tuned() const { return fine_tuning && fine_tuning->better; }
};

// Trains a classifier for the classes of a dataset on its images of the splits train and val;
// cross-validation takes the place of validation images. The layers of `backbone` except the last,
// which must be a Dense, are used as they are; a new last layer is trained on their outputs for
// each image and its mirror image (head_search.h). With `fine_tune` all layers are trained
// afterwards, and the result is kept if it is better. The result does not depend on `threads`, nor
// on what is cached. Throws ConfigError when the dataset has fewer than two classes with images in
// these splits or the network cannot be built for `size`; IoError.
Transferred train_on_backbone(const Model& backbone, const Dataset& dataset,
                              const TransferOptions& options);

// What the provenance of a model says about its backbone: the keys backbone, backbone_sha256 and,
// as far as known, backbone_source and backbone_licence, which must be passed on with the weights.
Provenance backbone_provenance(const std::string& name, const ModelFile& backbone);

// Whether both models compute the same features: they differ in the last layer alone.
bool same_features(const Model& a, const Model& b);

}  // namespace fovea
