#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/core/shape.h"
#include "engine/data/dataset_index.h"
#include "engine/image/image.h"
#include "engine/image/preprocess.h"

namespace fovea {

class Dataset;

// Images of one size in memory, as the training loop and the evaluation read them:
// count * size * size * 3 bytes.
struct TrainingSet {
  int size = 0;                      // edge, pixels
  std::vector<std::uint8_t> pixels;  // {count, size, size, 3}
  std::vector<int> labels;           // {count}, index into classes
  std::vector<std::string> classes;

  int count() const { return int_size(labels); }
  const std::uint8_t* image(int i) const {
    return pixels.data() + std::size_t(i) * size * size * 3;
  }
};

// The images of the given splits, sorted by content hash and fitted to size x size. Fit::pad fills
// with `pad_colour` (values in [0, 1]; pass the model's mean), by default with the mean colour of
// these images. The result does not depend on `threads`. Throws IoError; ShapeError when size < 1.
TrainingSet load_training_set(const Dataset& dataset, const std::vector<Split>& splits, int size,
                              Fit fit,
                              const std::optional<std::array<float, 3>>& pad_colour = std::nullopt,
                              int threads = available_threads());

// The same for a list of images of the dataset, in its order.
TrainingSet load_images(const Dataset& dataset, const std::vector<const ImageRecord*>& images,
                        int size, Fit fit,
                        const std::optional<std::array<float, 3>>& pad_colour = std::nullopt,
                        int threads = available_threads());

// Mean and standard deviation (at least 1e-3) of R, G and B over all pixels, values in [0, 1].
// Throws ShapeError when the set is empty.
void channel_statistics(const TrainingSet& set, std::array<float, 3>& mean,
                        std::array<float, 3>& std);

}  // namespace fovea
