#pragma once

// The errors that the engine throws. Their text names the offending value and its numbers. The
// engine does not print, exit or abort on bad input.

#include <stdexcept>
#include <string>

namespace fovea {

// Sizes do not fit together: the shape of a tensor, the size of an image, the number of labels or
// classes.
class ShapeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An option or setting is out of range, or what it requests is not possible with the given model
// or data.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Input from outside is malformed: an image, an archive, a model file, a request, a name.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The operating system reports a failure: missing file, no permission, disk full.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Training diverged: the loss is not finite, or a weight is not finite or exceeds 1e6.
class TrainingDiverged : public std::runtime_error {
 public:
  // `epoch` is the one in which it happened, from 0; `lr` the peak learning rate of the recipe.
  TrainingDiverged(int epoch, float lr);
  const int epoch;
  const float lr;
};

// Another process of a training that runs in several processes ended or cannot be reached.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fovea
