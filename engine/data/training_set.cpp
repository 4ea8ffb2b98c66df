#include "engine/data/training_set.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

// The mean colour of the images as they will lie in the padded squares, so that filling with it
// leaves the mean of the squares where it is.
std::array<float, 3> mean_colour(const Dataset& dataset,
                                 const std::vector<const ImageRecord*>& images, int threads) {
  struct Share {
    std::array<double, 3> sums{};
    double weight = 0;
  };
  std::vector<Share> shares(images.size());
  parallel_for(static_cast<int>(images.size()), threads, [&](int i, int) {
    const Image image = dataset.load(*images[std::size_t(i)]);
    std::array<std::uint64_t, 3> channel{};
    for (std::size_t k = 0; k < image.rgb.size(); ++k) channel[k % 3] += image.rgb[k];
    const double longer = std::max(image.width, image.height);
    Share& share = shares[std::size_t(i)];
    for (std::size_t c = 0; c < 3; ++c) {
      share.sums[c] = static_cast<double>(channel[c]) / (longer * longer);
    }
    share.weight = static_cast<double>(image.width) * image.height / (longer * longer);
  });
  std::array<double, 3> sums{};
  double weights = 0;
  for (const Share& share : shares) {  // in order: the sum does not depend on the threads
    for (std::size_t c = 0; c < 3; ++c) sums[c] += share.sums[c];
    weights += share.weight;
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
  if (size < 1) throw ShapeError("an image size of " + std::to_string(size));
  std::array<float, 3> mean{};
  if (fit == Fit::pad) mean = pad_colour ? *pad_colour : mean_colour(dataset, images, threads);
  TrainingSet set;
  set.size = size;
  set.classes = dataset.classes();
  const std::size_t bytes = std::size_t(size) * size * 3;
  set.pixels.resize(images.size() * bytes);
  for (const ImageRecord* image : images) set.labels.push_back(image->label);
  parallel_for(set.count(), threads, [&](int i, int) {
    Image image = dataset.load(*images[std::size_t(i)]);
    if (image.width != size || image.height != size) image = fit_to_square(image, size, fit, mean);
    std::copy(image.rgb.begin(), image.rgb.end(), set.pixels.begin() + std::ptrdiff_t(i * bytes));
  });
  return set;
}

void channel_statistics(const TrainingSet& set, std::array<float, 3>& mean,
                        std::array<float, 3>& std) {
  if (set.count() == 0) throw ShapeError("no images to take the mean of");
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
    // Images of one colour have no deviation; dividing by it must stay possible.
    std[c] = static_cast<float>(std::max(std::sqrt(std::max(variance, 0.0)) / 255, 1e-3));
  }
}

}  // namespace fovea
