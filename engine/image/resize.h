#pragma once

#include "engine/image/image.h"

namespace fovea {

// Anti-aliased bilinear resize (a triangle filter as wide as the scale when shrinking), two passes,
// as specified in docs/preprocessing.md. Same bytes out on every platform.
// REQUIRES: image not empty. Throws ShapeError when width or height is not in 1..16384.
Image resize(const Image& image, int width, int height);

// What crop() would leave of resize(image, full_width, full_height), without making the rest, so
// that a thin image may be resized to any length. Throws ShapeError as both do.
Image resize_and_crop(const Image& image, int full_width, int full_height, int x0, int y0,
                      int width, int height);

// The rectangle x0 <= x < x0 + width, y0 <= y < y0 + height. Throws ShapeError when outside.
Image crop(const Image& image, int x0, int y0, int width, int height);

}  // namespace fovea
