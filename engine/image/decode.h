#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/image/image.h"

namespace fovea {

// The largest width * height that this process decodes. The front ends set it once at start; by
// default it is kDefaultMaxPixels. Thread-safe.
constexpr std::int64_t kDefaultMaxPixels = 64'000'000;
std::int64_t max_image_pixels();
void set_max_image_pixels(std::int64_t pixels);

// with_image() decodes images of together at most this many pixels at a time, or one larger image.
// Images of up to kSmallPixels do not count and never wait.
constexpr std::int64_t kPixelsAtATime = 25'000'000;
constexpr std::int64_t kSmallPixels = 1'000'000;

struct DecodeLimits {
  std::int64_t max_pixels = max_image_pixels();  // checked before the pixels are allocated
  double max_aspect = 50;                        // longer side / shorter side
  // Called with the number of pixels before memory for them is allocated, possibly more than once.
  // An exception from it ends the decoding.
  std::function<void(std::int64_t pixels)> on_size = {};
};

// Whether this program decodes HEIC and AVIF: it was built with libheif. The WebAssembly engine
// never does.
bool decodes_heif();

// "JPEG, PNG, WebP, GIF or BMP", with HEIC and AVIF where they are decoded.
const char* image_formats();

// Bytes of a JPEG, PNG, WebP, GIF or BMP file, with libheif also HEIC or AVIF -> upright RGB image;
// of an animation, the first frame. The EXIF orientation is applied (in HEIC and AVIF, that of the
// container), grey becomes R = G = B, transparent pixels are blended with white, samples of more
// than 8 bits keep their upper 8 bits. Throws FormatError saying what is wrong, also
// when a part of the image is missing; never reads outside `bytes`. Thread-safe.
Image decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits = {});

// Decodes an image and calls use(image). Waits until the images that other threads decode and use
// leave room for its pixels, so that the memory of large images does not multiply with the threads.
void with_image(std::span<const std::uint8_t> bytes, const std::function<void(Image)>& use,
                const DecodeLimits& limits = {});

// exif.cpp:
// The orientation 1..8 in the EXIF block of a JPEG (APP1 segment), PNG (eXIf chunk, or a text chunk
// as ImageMagick writes it) or WebP (EXIF chunk), in either byte order (EXIF 2.32, tag 0x0112). 1,
// upright, when there is none or it is malformed. Never reads outside `bytes`.
int exif_orientation(std::span<const std::uint8_t> bytes);
// Rotates and mirrors the image so that it is upright; 5 to 8 swap width and height. Throws
// ConfigError when the orientation is not in 1..8.
Image orient(Image image, int orientation);

}  // namespace fovea
