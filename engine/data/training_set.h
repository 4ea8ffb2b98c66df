#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/image/image.h"
#include "engine/image/preprocess.h"

namespace fovea {

class Dataset;
struct ImageRecord;
enum class Split : std::uint8_t { train, val, test };

// Images of one split, decoded, squared to one size and held as bytes in memory: what the
// training loop and the evaluation read. count * size * size * 3 bytes.
struct TrainingSet {
  int size = 0;                      // edge, pixels
  std::vector<std::uint8_t> pixels;  // {count, size, size, 3}
  std::vector<int> labels;           // {count}, index into classes
  std::vector<std::string> classes;

  int count() const { return static_cast<int>(labels.size()); }
  const std::uint8_t* image(int i) const {
    return pixels.data() + std::size_t(i) * size * size * 3;
  }
};

// The images of the given splits in a fixed order (by content hash), fitted to size x size.
// Fit::pad fills with `pad_colour` (of value / 255): the model's mean when there is a model, else
// the mean colour of these images. The result does not depend on `threads`. Throws IoError;
// ShapeError when size < 1.
TrainingSet load_training_set(const Dataset& dataset, const std::vector<Split>& splits, int size,
                              Fit fit,
                              const std::optional<std::array<float, 3>>& pad_colour = std::nullopt,
                              int threads = available_threads());

// The same for these images of the dataset, in their order.
TrainingSet load_images(const Dataset& dataset, const std::vector<const ImageRecord*>& images,
                        int size, Fit fit,
                        const std::optional<std::array<float, 3>>& pad_colour = std::nullopt,
                        int threads = available_threads());

// Mean and standard deviation (at least 1e-3) of R, G, B over all pixels, of value / 255.
// Throws ShapeError when the set is empty.
void channel_statistics(const TrainingSet& set, std::array<float, 3>& mean,
                        std::array<float, 3>& std);

}  // namespace fovea
