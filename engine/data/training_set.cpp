#include "engine/data/training_set.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

// The mean colour of the images, each weighted by the part of the padded square that it covers.
// Filling the rest with it does not change the mean of the squares.
std::array<float, 3> mean_colour(const Dataset& dataset,
                                 const std::vector<const ImageRecord*>& images, int threads) {
  struct Part {
    std::array<double, 3> sums{};
    double weight = 0;
  };
  std::vector<Part> parts(images.size());
  parallel_for(int_size(images), threads, [&](int i, int) {
    const Image image = dataset.load(*images[i]);
    std::array<std::uint64_t, 3> channel{};
    for (std::size_t k = 0; k < image.rgb.size(); ++k) channel[k % 3] += image.rgb[k];
    const double longer = std::max(image.width, image.height);
    Part& part = parts[i];
    for (std::size_t c = 0; c < 3; ++c) {
      part.sums[c] = static_cast<double>(channel[c]) / (longer * longer);
    }
    part.weight = static_cast<double>(image.width) * image.height / (longer * longer);
  });
  std::array<double, 3> sums{};
  double weights = 0;
  for (const Part& part : parts) {  // in order: the sum does not depend on the threads
    for (std::size_t c = 0; c < 3; ++c) sums[c] += part.sums[c];
    weights += part.weight;
  }
  std::array<float, 3> mean{};
  for (int c = 0; c < 3 && weights > 0; ++c) {
    mean[c] = static_cast<float>(sums[c] / weights / 255);
  }
  return mean;
}

}  // namespace

TrainingSet load_training_set(const Dataset& dataset, const std::vector<Split>& splits, int size,
                              Fit fit, const std::optional<std::array<float, 3>>& pad_colour,
                              int threads) {
  std::vector<const ImageRecord*> images;
  for (const ImageRecord& image : dataset.images()) {
    if (std::find(splits.begin(), splits.end(), image.split) != splits.end()) {
      images.push_back(&image);
    }
  }
  return load_images(dataset, images, size, fit, pad_colour, threads);
}

TrainingSet load_images(const Dataset& dataset, const std::vector<const ImageRecord*>& images,
                        int size, Fit fit, const std::optional<std::array<float, 3>>& pad_colour,
                        int threads) {
  if (size < 1) throw ShapeError("the image size " + std::to_string(size) + " is below 1");
  std::array<float, 3> mean{};
  if (fit == Fit::pad) mean = pad_colour ? *pad_colour : mean_colour(dataset, images, threads);
  TrainingSet set;
  set.size = size;
  set.classes = dataset.classes();
  const std::size_t bytes = std::size_t(size) * size * 3;
  set.pixels.resize(images.size() * bytes);
  for (const ImageRecord* image : images) set.labels.push_back(image->label);
  parallel_for(set.count(), threads, [&](int i, int) {
    Image image = dataset.load(*images[i]);
    if (image.width != size || image.height != size) image = fit_to_square(image, size, fit, mean);
    std::copy(image.rgb.begin(), image.rgb.end(), set.pixels.begin() + i * bytes);
  });
  return set;
}

void channel_statistics(const TrainingSet& set, std::array<float, 3>& mean,
                        std::array<float, 3>& std) {
  if (set.count() == 0) throw ShapeError("the training set has no images");
  std::array<std::uint64_t, 3> sums{}, squares{};
  for (std::size_t i = 0; i < set.pixels.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint64_t value = set.pixels[i + c];
      sums[c] += value;
      squares[c] += value * value;
    }
  }
  const std::size_t pixels = set.pixels.size() / 3;
  const auto count = static_cast<double>(pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    const double m = static_cast<double>(sums[c]) / count;
    const double variance = static_cast<double>(squares[c]) / count - m * m;
    mean[c] = static_cast<float>(m / 255);
    // At least 1e-3, because images of one colour have a deviation of 0 and it is divided by.
    std[c] = static_cast<float>(std::max(std::sqrt(std::max(variance, 0.0)) / 255, 1e-3));
  }
}

}  // namespace fovea
