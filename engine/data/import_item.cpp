#include "engine/data/import_item.h"

#include <algorithm>
#include <new>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/shape.h"
#include "engine/image/resize.h"

namespace fovea {
namespace {

// Scaled down so that the shorter side is at most max_size.
Image scale_down(Image image, int max_size) {
  const int shorter = std::min(image.width, image.height);
  if (shorter <= max_size) return image;
  const auto scaled = [&](int side) {
    return static_cast<int>((2 * std::int64_t{side} * max_size + shorter) / (2 * shorter));
  };
  return resize(image, scaled(image.width), scaled(image.height));
}

}  // namespace

void decode_item(ImportItem& item, const ImportOptions& options) {
  std::string& problem = item.entry.problem;
  if (!problem.empty()) return;
  try {
    if (!item.bytes.empty() || item.image.rgb.empty()) {
      Sha256 sha;
      sha.update(item.bytes);
      item.entry.hash = sha.digest();
      with_image(
          item.bytes,
          [&](Image image) { item.image = scale_down(std::move(image), options.max_size); },
          options.limits);
    } else {
      item.image = scale_down(std::move(item.image), options.max_size);
    }
  } catch (const FormatError& error) {
    problem = error.what();
  } catch (const ShapeError& error) {
    problem = error.what();
  } catch (const std::bad_alloc&) {
    problem = "not enough memory to decode it";
  }
}

}  // namespace fovea
