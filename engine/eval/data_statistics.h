#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace fovea {

struct ClassStatistics {
  std::string name;
  std::array<std::int64_t, 3> splits{};         // images in train, val, test
  std::int64_t measured = 0;                    // images behind the numbers below
  std::array<double, 3> mean{};                 // of R, G, B, 0 to 255; 0 when nothing was measured
  std::array<double, 32> intensity{};           // fractions of pixels by grey value / 8
  std::array<std::array<double, 16>, 3> rgb{};  // fractions of pixels by channel value / 16
  std::vector<std::string> samples;             // content hashes of a few images
};

struct ImageSize {
  int width = 0, height = 0;  // pixels, as stored
  std::int64_t count = 0;
};

struct DataStatistics {
  std::vector<ClassStatistics> classes;
  std::int64_t images = 0;
  std::vector<ImageSize> sizes;  // the 20 most frequent, most frequent first
  std::int64_t other_sizes = 0;  // images of other sizes
};

// Statistics of a dataset. Counts are of all images; pixel statistics of at most `per_class` images
// of each class, those with the lowest content hashes. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R
// BT.601). Every image has the same weight, whatever its size. Throws IoError.
DataStatistics measure_data(const Dataset& dataset, int per_class = 500, int samples = 8);

}  // namespace fovea
