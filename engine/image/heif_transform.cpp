#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/image/decode.h"
#include "engine/image/heif_file.h"

namespace fovea::formats {

Image HeifFile::transform(Image image) const {
  const auto list = property_lists_.find(primary_);
  if (list == property_lists_.end()) return image;
  for (const std::size_t index : list->second) {
    if (index < 1 || index > properties_.size()) continue;
    const Box& property = properties_[index - 1];
    std::size_t at = property.begin;
    if (property.type == box_type("irot")) {
      constexpr int kTurns[] = {1, 8, 3, 6};  // by 0, 90, 180, 270 degrees counter-clockwise
      image = orient(std::move(image), kTurns[number(at, 1, property.end) & 3]);
    } else if (property.type == box_type("imir")) {
      image = orient(std::move(image), (number(at, 1, property.end) & 1) != 0 ? 2 : 4);
    } else if (property.type == box_type("clap")) {
      image = crop(image, property);
    }
  }
  return image;
}

// The clean aperture: width, height and the distances of its centre from that of the image, as
// fractions (ISO 14496-12, 12.1.4).
Image HeifFile::crop(const Image& image, const Box& property) const {
  std::size_t at = property.begin;
  double values[4];
  for (double& value : values) {
    const auto above = static_cast<std::int32_t>(number(at, 4, property.end));
    const auto below = static_cast<std::int32_t>(number(at, 4, property.end));
    if (below <= 0) damaged(kind_, at, "an invalid clean aperture");
    value = static_cast<double>(above) / below;
  }
  // The first pixel and the number of pixels of a side; a centre is between two pixels or in one.
  const auto side = [&](int size, double clean, double offset, int& first) {
    const double begin = std::floor(offset + (size - 1) / 2.0 - (clean - 1) / 2);
    const double end = std::min<double>(size, begin + std::floor(clean + 0.5));
    first = static_cast<int>(std::clamp<double>(begin, 0, size));
    if (!(end > first)) damaged(kind_, property.at, "an invalid clean aperture");
    return static_cast<int>(end) - first;
  };
  int x = 0, y = 0;
  Image out;
  out.width = side(image.width, values[0], values[2], x);
  out.height = side(image.height, values[1], values[3], y);
  out.rgb.resize(std::size_t(out.width) * std::size_t(out.height) * 3);
  for (int row = 0; row < out.height; ++row) {
    const std::size_t from = std::size_t(y + row) * std::size_t(image.width) + std::size_t(x);
    std::copy_n(&image.rgb[from * 3], std::size_t(out.width) * 3,
                &out.rgb[std::size_t(row) * std::size_t(out.width) * 3]);
  }
  return out;
}

}  // namespace fovea::formats
