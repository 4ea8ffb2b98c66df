#pragma once

#include <cstdint>
#include <span>

#include "engine/image/image.h"

namespace fovea {

// The orientation (1 to 8) stored in the EXIF block of a JPEG (APP1) or PNG (eXIf) file, in either
// byte order (EXIF 2.32, tag 0x0112). 1 = upright; also 1 when there is none or it makes no sense:
// a damaged note about an image is no reason to refuse the image. Never reads outside `bytes`.
int exif_orientation(std::span<const std::uint8_t> bytes);

// The image as it is meant to be seen. 5 to 8 swap width and height.
// Throws ShapeError when the orientation is not in 1..8.
Image orient(Image image, int orientation);

}  // namespace fovea
