#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/image/preprocess.h"

namespace fovea {

// The images of a fine-tuning run: the fresh ones in every epoch, and beside them old ones, drawn
// anew for each epoch and the same number of every old class, so that a whole old training set is
// seen in time while only an epoch of it is ever in memory. Which ones is a function of (seed,
// epoch). One owner; keeps references to the dataset.
class Replay {
 public:
  struct ImagePool {
    std::vector<const ImageRecord*> fresh;             // as often as each is to be seen in an epoch
    std::vector<int> fresh_labels;                     // {fresh}
    std::vector<std::vector<const ImageRecord*>> old;  // by class; empty: none of it
    std::vector<std::string> classes;                  // what the labels and the index count
  };
  // `replayed` old images an epoch, rounded down to the same number of each class that has any;
  // a class with fewer gives all it has. Throws IoError when an image cannot be read.
  Replay(const Dataset& dataset, ImagePool images, int replayed, const Preprocess& preprocess,
         std::uint64_t seed, int threads);

  // Of the epoch that was filled last; at first 0. The same object and count in all epochs.
  const TrainingSet& set() const { return set_; }
  void fill(int epoch);
  int fresh() const { return static_cast<int>(images_.fresh.size()); }
  int replayed() const { return set_.count() - fresh(); }

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
