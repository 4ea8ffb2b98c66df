#include "engine/data/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/core/rng.h"

namespace fovea {
namespace {

constexpr std::uint64_t kFlipStream = 0xF11F, kStream = 0xA46;
constexpr std::uint8_t kGrey = 128;

// Reflection without repeating the border: ... 2 1 | 0 1 2 ... size-1 | size-2 ...
int reflected(int i, int size) {
  if (i >= 0 && i < size) return i;
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  i = std::abs(i) % period;
  return i < size ? i : period - i;
}

bool is_flipped(const AugmentOptions& options, std::uint64_t seed, int epoch, int index, Rng& rng) {
  if (!options.flip) return false;
  if (!options.alternating_flip) return rng.below(2) == 1;
  Rng first = Rng(seed).split(kFlipStream).split(index);
  return (first.below(2) + epoch) % 2 == 1;
}

// Maps output positions to source positions.
struct Transform {
  bool flip = false;
  int dx = 0, dy = 0;
  float cos = 1, sin = 0;        // rotation and zoom together
  float crop_x = 0, crop_y = 0;  // from the centre of the image to that of the crop, pixels
  bool is_shift() const { return cos == 1 && sin == 0; }
};

int random_shift(int limit, Rng& rng) {
  return static_cast<int>(rng.below(2 * limit + 1)) - limit;
}

// Shift and flip: whole pixels are copied.
void copy_shifted(const std::uint8_t* in, int size, std::uint8_t* out, const Transform& transform) {
  const int row = size * 3;
  // Without a flip the columns that stay inside the image are one block; the others are reflected
  // one by one.
  const int inside = transform.flip ? 0 : std::max(0, size - std::abs(transform.dx));
  const int first = transform.flip ? 0 : std::max(0, -transform.dx);
  for (int y = 0; y < size; ++y, out += row) {
    const std::uint8_t* from = in + std::ptrdiff_t{reflected(y + transform.dy, size)} * row;
    if (inside > 0)
      std::memcpy(out + first * 3, from + (first + transform.dx) * 3, std::size_t(inside) * 3);
    for (int x = 0; x < size; ++x) {
      if (x >= first && x < first + inside) {
        x = first + inside - 1;
        continue;
      }
      const int column = reflected((transform.flip ? size - 1 - x : x) + transform.dx, size);
      out[3 * x] = from[3 * column];
      out[3 * x + 1] = from[3 * column + 1];
      out[3 * x + 2] = from[3 * column + 2];
    }
  }
}

// A part of the area: the centre is uniform among the positions where the square is inside the
// image.
void choose_crop(float smallest, int size, Transform& transform, Rng& rng) {
  const float side = std::sqrt(rng.uniform(smallest, 1));
  const float room = 0.5f * (1 - side) * static_cast<float>(size);
  transform.crop_x = rng.uniform(-room, room);
  transform.crop_y = rng.uniform(-room, room);
  transform.cos *= side;
  transform.sin *= side;
}

// Rotation and zoom about the centre of the crop: bilinear interpolation of the reflected source.
void copy_transformed(const std::uint8_t* in, int size, std::uint8_t* out,
                      const Transform& transform) {
  const float centre = 0.5f * static_cast<float>(size - 1);
  for (int y = 0; y < size; ++y) {
    const float v = static_cast<float>(y + transform.dy) - centre;
    for (int x = 0; x < size; ++x, out += 3) {
      const float u =
          static_cast<float>((transform.flip ? size - 1 - x : x) + transform.dx) - centre;
      // The source position (column, row) and its four neighbours.
      const float column = centre + transform.crop_x + u * transform.cos - v * transform.sin;
      const float row = centre + transform.crop_y + u * transform.sin + v * transform.cos;
      const int x0 = static_cast<int>(std::floor(column)), y0 = static_cast<int>(std::floor(row));
      const float a = column - static_cast<float>(x0), b = row - static_cast<float>(y0);
      const int left = reflected(x0, size), right = reflected(x0 + 1, size);
      const std::uint8_t* upper = in + std::ptrdiff_t{reflected(y0, size)} * size * 3;
      const std::uint8_t* lower = in + std::ptrdiff_t{reflected(y0 + 1, size)} * size * 3;
      for (int c = 0; c < 3; ++c) {
        const float top = (1 - a) * upper[3 * left + c] + a * upper[3 * right + c];
        const float bottom = (1 - a) * lower[3 * left + c] + a * lower[3 * right + c];
        // NOLINTNEXTLINE(bugprone-incorrect-roundings): right for 0..255
        out[c] = static_cast<std::uint8_t>((1 - b) * top + b * bottom + 0.5f);
      }
    }
  }
}

void cut_out(std::uint8_t* out, int size, int edge, Rng& rng) {
  // The centre is uniform over the image, so the square may extend beyond the borders.
  const int x = static_cast<int>(rng.below(size)) - edge / 2;
  const int y = static_cast<int>(rng.below(size)) - edge / 2;
  const int x0 = std::max(0, x), x1 = std::min(size, x + edge);
  for (int row = std::max(0, y); row < std::min(size, y + edge); ++row) {
    std::memset(out + (std::ptrdiff_t{row} * size + x0) * 3, kGrey, std::size_t(x1 - x0) * 3);
  }
}

// Brightness and contrast, as one table over the 256 values.
void adjust_tone(std::uint8_t* out, int size, const AugmentOptions& options, Rng& rng) {
  const float offset = 255 * rng.uniform(-options.brightness, options.brightness);
  const float factor = 1 + rng.uniform(-options.contrast, options.contrast);
  std::array<std::uint8_t, 256> table;
  for (int v = 0; v < 256; ++v) {
    const float value = static_cast<float>(v - kGrey) * factor + kGrey + offset;
    table[v] = static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
  }
  std::transform(out, out + std::ptrdiff_t{size} * size * 3, out,
                 [&](std::uint8_t v) { return table[v]; });
}

}  // namespace

void augment(const std::uint8_t* square, int size, std::uint8_t* out, const AugmentOptions& options,
             std::uint64_t seed, int epoch, int index) {
  Rng rng = Rng(seed).split(kStream).split(epoch).split(index);
  Transform transform;
  transform.flip = is_flipped(options, seed, epoch, index, rng);
  if (options.shift > 0) {
    transform.dx = random_shift(options.shift, rng);
    transform.dy = random_shift(options.shift, rng);
  }
  if (options.rotate != 0 || options.zoom != 0) {
    constexpr float kRadians = 3.14159265f / 180;
    const float angle = kRadians * rng.uniform(-options.rotate, options.rotate);
    const float scale = 1 / (1 + rng.uniform(-options.zoom, options.zoom));
    transform.cos = scale * std::cos(angle);
    transform.sin = scale * std::sin(angle);
  }
  if (options.crop < 1) choose_crop(options.crop, size, transform, rng);
  if (transform.is_shift()) {
    copy_shifted(square, size, out, transform);
  } else {
    copy_transformed(square, size, out, transform);
  }
  if (options.cutout > 0) cut_out(out, size, options.cutout, rng);
  if (options.brightness != 0 || options.contrast != 0) adjust_tone(out, size, options, rng);
}

}  // namespace fovea
