#include "engine/image/decode.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "engine/core/error.h"
#include "engine/image/file_kind.h"
#include "engine/image/formats.h"

namespace fovea {
namespace formats {

void check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width < 1 || height < 1) throw FormatError("the image is empty: " + size);
  const std::uint64_t pixels = std::uint64_t(width) * std::uint64_t(height);  // each below 2^32
  if (pixels > std::uint64_t(limits.max_pixels)) {
    // The page recognises this text (www/src/net/errors.ts).
    throw FormatError("the image is too large: " + size + " = " + std::to_string(pixels) +
                      " pixels, the limit is " + std::to_string(limits.max_pixels));
  }
  if (double(std::max(width, height)) > limits.max_aspect * double(std::min(width, height))) {
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g", limits.max_aspect);
    throw FormatError("the image is too narrow: " + size + "; the longer side may be at most " +
                      limit + " times the shorter");
  }
  if (limits.on_size) limits.on_size(static_cast<std::int64_t>(pixels));
}

void cut_off(const std::string& kind, const std::string& what) {
  throw FormatError("the " + kind + " file is cut off: " + what);
}

void damaged(const std::string& kind, std::size_t at, const std::string& what) {
  throw FormatError("the " + kind + " file is damaged at byte " + std::to_string(at) + ": " + what);
}

void unsupported(const std::string& kind, const std::string& what) {
  throw FormatError("the " + kind + " file " + what + ", which is not supported; save it as " +
                    (kind == "JPEG" ? "an 8-bit baseline JPEG or as PNG" : "JPEG or as plain PNG"));
}

}  // namespace formats

namespace {

std::atomic<std::int64_t> g_max_pixels = kDefaultMaxPixels;

// The pixels of the images in with_image().
std::mutex g_pixels_mutex;  // protects g_pixels
std::condition_variable g_pixels_changed;
std::int64_t g_pixels = 0;

// A part of kPixelsAtATime, taken once and given back at the end.
class PixelShare {
 public:
  ~PixelShare() {
    if (pixels_ == 0) return;
    const std::lock_guard lock(g_pixels_mutex);
    g_pixels -= pixels_;
    g_pixels_changed.notify_all();
  }
  void take(std::int64_t pixels) {
    if (pixels_ > 0 || pixels <= kSmallPixels) return;
    std::unique_lock lock(g_pixels_mutex);
    g_pixels_changed.wait(lock,
                          [&] { return g_pixels == 0 || g_pixels + pixels <= kPixelsAtATime; });
    pixels_ = pixels;
    g_pixels += pixels;
  }

 private:
  std::int64_t pixels_ = 0;
};

Image decode_stored(std::span<const std::uint8_t> bytes, const DecodeLimits& limits) {
  switch (file_kind(bytes)) {
    case FileKind::jpeg:
      return formats::decode_jpeg(bytes, limits);
    case FileKind::png:
      return formats::decode_png(bytes, limits);
    case FileKind::bmp:
      return formats::decode_bmp(bytes, limits);
    case FileKind::gif:
      return formats::decode_gif(bytes, limits);
    case FileKind::webp:
      return formats::decode_webp(bytes, limits);
#ifdef FOVEA_HEIF
    case FileKind::heic:
      return formats::decode_heif(bytes, "HEIC", limits);
    case FileKind::avif:
      return formats::decode_heif(bytes, "AVIF", limits);
#else
    case FileKind::heic:
    case FileKind::avif:
#endif
    case FileKind::other:
      break;
  }
  throw FormatError(describe_unsupported(bytes));
}

}  // namespace

bool decodes_heif() {
#ifdef FOVEA_HEIF
  return true;
#else
  return false;
#endif
}

const char* image_formats() {
  return decodes_heif() ? "JPEG, PNG, WebP, GIF, BMP, HEIC or AVIF" : "JPEG, PNG, WebP, GIF or BMP";
}

std::int64_t max_image_pixels() {
  return g_max_pixels;
}

void set_max_image_pixels(std::int64_t pixels) {
  g_max_pixels = pixels;
}

void with_image(std::span<const std::uint8_t> bytes, const std::function<void(Image)>& use,
                const DecodeLimits& limits) {
  PixelShare share;
  DecodeLimits waiting = limits;
  waiting.on_size = [&](std::int64_t pixels) {
    if (limits.on_size) limits.on_size(pixels);
    share.take(pixels);
  };
  use(decode_image(bytes, waiting));
}

Image decode_image(std::span<const std::uint8_t> bytes, const DecodeLimits& limits) {
  return orient(decode_stored(bytes, limits), exif_orientation(bytes));
}

}  // namespace fovea
