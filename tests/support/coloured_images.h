#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/file.h"
#include "engine/core/rng.h"
#include "engine/data/import.h"
#include "engine/image/bitmap.h"
#include "tests/support/temporary_folder.h"

// Separable images: each class has its own colour, with strong noise.
namespace fovea::tests {

struct Colour {
  std::string name;
  std::array<int, 3> rgb;  // 0 to 155, the noise adds up to 100
};

inline std::vector<std::uint8_t> coloured_image(const Colour& colour, std::uint64_t seed,
                                                int size = 8) {
  Image image;
  image.width = image.height = size;
  Rng rng(seed);
  for (int i = 0; i < size * size; ++i) {
    for (const int base : colour.rgb) {
      image.rgb.push_back(static_cast<std::uint8_t>(base + static_cast<int>(rng.below(100))));
    }
  }
  return encode_bitmap(image);
}

// `count` images of each colour, with numbers from `first` on, in the dataset of the folder.
inline void add_coloured(const std::filesystem::path& dataset, const std::vector<Colour>& colours,
                         int count, int first = 0, Origin origin = Origin::import,
                         std::int64_t added_at = 1) {
  const TemporaryFolder source;
  for (std::size_t c = 0; c < colours.size(); ++c) {
    for (int i = first; i < first + count; ++i) {
      write_file_atomically(source.path() / colours[c].name / (std::to_string(i) + ".bmp"),
                            coloured_image(colours[c], 1000 * c + static_cast<std::uint64_t>(i)));
    }
  }
  ImportOptions options;
  options.origin = origin;
  options.added_at = added_at;
  import_dataset(source.path(), dataset, options);
}

}  // namespace fovea::tests
