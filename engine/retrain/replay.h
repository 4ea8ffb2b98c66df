#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/training_set.h"
#include "engine/image/preprocess.h"

namespace fovea {

// The training set of a fine-tuning run: the new images in every epoch, followed by replayed old
// images, which are sampled for each epoch, the same number of every old class. Over the epochs all
// old images are used, but only those of one epoch are in memory. The sample is a function of
// (seed, epoch). One owner; keeps a reference to the dataset.
class Replay {
 public:
  struct ImagePool {
    std::vector<const ImageRecord*> new_images;               // each as often as an epoch shows it
    std::vector<int> new_labels;                              // {new_images}
    std::vector<std::vector<const ImageRecord*>> old_images;  // by class
    std::vector<std::string> classes;                         // of the labels
  };
  // `replayed` is the number of old images in an epoch, rounded down to the same number for each
  // class that has old images; a class with fewer contributes all of them. Throws IoError.
  Replay(const Dataset& dataset, ImagePool images, int replayed, const Preprocess& preprocess,
         std::uint64_t seed, int threads);

  // The set of the epoch that was loaded last, initially 0. The same object in all epochs, with the
  // same number of images of each class.
  const TrainingSet& set() const { return set_; }
  void load_epoch(int epoch);
  int new_count() const { return int_size(images_.new_images); }
  int replayed_count() const { return set_.count() - new_count(); }

 private:
  const Dataset& dataset_;
  const ImagePool images_;
  const Preprocess preprocess_;
  const std::uint64_t seed_;
  const int threads_;
  int per_class_ = 0;
  TrainingSet set_;
};

}  // namespace fovea
