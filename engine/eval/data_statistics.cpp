#include "engine/eval/data_statistics.h"

#include <algorithm>
#include <map>
#include <utility>

namespace fovea {
namespace {

void add_image(const Image& image, ClassStatistics& sums) {
  const std::size_t pixels = image.rgb.size() / 3;
  if (pixels == 0) return;
  std::array<std::int64_t, 3> totals{};
  std::array<std::int64_t, 32> grey{};
  std::array<std::array<std::int64_t, 16>, 3> channels{};
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* p = &image.rgb[3 * i];
    for (std::size_t c = 0; c < 3; ++c) {
      totals[c] += p[c];
      ++channels[c][p[c] / 16];
    }
    ++grey[(299 * p[0] + 587 * p[1] + 114 * p[2]) / 8000];
  }
  const auto n = static_cast<double>(pixels);
  ++sums.measured;
  for (std::size_t c = 0; c < 3; ++c) {
    sums.mean[c] += static_cast<double>(totals[c]) / n;
    for (std::size_t b = 0; b < 16; ++b) sums.rgb[c][b] += static_cast<double>(channels[c][b]) / n;
  }
  for (std::size_t b = 0; b < 32; ++b) sums.intensity[b] += static_cast<double>(grey[b]) / n;
}

// Turns sums over images into means.
void finish(ClassStatistics& sums) {
  if (sums.measured == 0) return;
  const auto n = static_cast<double>(sums.measured);
  for (double& x : sums.mean) x /= n;
  for (double& x : sums.intensity) x /= n;
  for (auto& channel : sums.rgb) {
    for (double& x : channel) x /= n;
  }
}

}  // namespace

DataStatistics measure_data(const Dataset& dataset, int per_class, int samples) {
  DataStatistics result;
  for (const std::string& name : dataset.classes()) {
    result.classes.emplace_back();
    result.classes.back().name = name;
  }
  std::map<std::pair<int, int>, std::int64_t> sizes;
  for (const ImageRecord& image : dataset.images()) {  // sorted by hash
    ClassStatistics& of_class = result.classes[image.label];
    ++of_class.splits[static_cast<std::size_t>(image.split)];
    ++result.images;
    ++sizes[{image.width, image.height}];
    if (of_class.measured < per_class) add_image(dataset.load(image), of_class);
    if (std::ssize(of_class.samples) < samples) of_class.samples.push_back(to_hex(image.hash));
  }
  for (ClassStatistics& of_class : result.classes) finish(of_class);
  for (const auto& [size, count] : sizes) {
    result.sizes.push_back({size.first, size.second, count});
  }
  std::stable_sort(result.sizes.begin(), result.sizes.end(),
                   [](const ImageSize& a, const ImageSize& b) { return a.count > b.count; });
  while (result.sizes.size() > 20) {
    result.other_sizes += result.sizes.back().count;
    result.sizes.pop_back();
  }
  return result;
}

}  // namespace fovea
