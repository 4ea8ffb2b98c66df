#pragma once

#include "engine/image/image.h"

namespace fovea {

// Anti-aliased bilinear resize in two passes: a triangle filter, widened by the scale when
// shrinking (docs/preprocessing.md). Gives the same bytes on every platform.
// REQUIRES: image not empty. Throws ShapeError when width or height is not in 1..16384.
Image resize(const Image& image, int width, int height);

// crop(resize(image, full_width, full_height), x0, y0, width, height), but only the cropped part is
// computed, so that very narrow images can be resized too. Throws ShapeError as both do.
Image resize_and_crop(const Image& image, int full_width, int full_height, int x0, int y0,
                      int width, int height);

// An image whose shorter side has more than `max_shorter` pixels, scaled down to that; others are
// unchanged. Training images are stored so, and the page treats its own the same.
inline constexpr int kMaxStoredSide = 320;  // of stored training images, by default
Image limit_size(Image image, int max_shorter = kMaxStoredSide);

// The rectangle x0 <= x < x0 + width, y0 <= y < y0 + height. Throws ShapeError unless it lies
// inside the image.
Image crop(const Image& image, int x0, int y0, int width, int height);

}  // namespace fovea
