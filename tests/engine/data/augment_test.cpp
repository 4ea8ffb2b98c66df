#include "engine/data/augment.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "engine/core/rng.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

using Pixels = std::vector<std::uint8_t>;

const AugmentOptions kOff{.flip = false, .shift = 0};

Pixels noise(int size) {
  Pixels pixels(std::size_t(size) * size * 3);
  Rng rng(5);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(rng.next_u32());
  return pixels;
}

// Smooth, so that interpolation changes little.
Pixels ramp(int size) {
  Pixels pixels;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int value : {4 * x, 4 * y, 100}) pixels.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return pixels;
}

Pixels augmented(const Pixels& in, int size, const AugmentOptions& options, int epoch, int index) {
  Pixels out(in.size(), 77);
  augment(in.data(), size, out.data(), options, 42, epoch, index);
  return out;
}

Pixels mirrored(const Pixels& in, int size) {
  Pixels out(in.size());
  for (int i = 0; i < size * size; ++i) {
    const int other = i / size * size + size - 1 - i % size;
    std::copy_n(&in[std::size_t(other) * 3], 3, &out[std::size_t(i) * 3]);
  }
  return out;
}

// numpy.pad(mode="reflect") and a crop at (dx, dy) from the centre.
Pixels shifted(const Pixels& in, int size, int dx, int dy) {
  const auto reflect = [&](int i) { return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i; };
  Pixels out(in.size());
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      std::copy_n(&in[std::size_t(reflect(y + dy) * size + reflect(x + dx)) * 3], 3,
                  &out[std::size_t(y * size + x) * 3]);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("augmentation with everything off is a copy", "[engine][data]") {
  const Pixels in = noise(9);
  CHECK(augmented(in, 9, kOff, 3, 4) == in);
}

TEST_CASE("augmentation is a function of seed and epoch and index", "[engine][data]") {
  const AugmentOptions all{true, false, 3, 10, 0.1f, 4, 0.1f, 0.1f};
  const Pixels in = noise(16);
  CHECK(augmented(in, 16, all, 3, 4) == augmented(in, 16, all, 3, 4));
  CHECK(augmented(in, 16, all, 3, 4) != augmented(in, 16, all, 3, 5));
  CHECK(augmented(in, 16, all, 3, 4) != augmented(in, 16, all, 4, 4));
}

TEST_CASE("flip mirrors about half of the images", "[engine][data]") {
  const Pixels in = noise(8), mirror = mirrored(in, 8);
  int flips = 0;
  for (int index = 0; index < 2000; ++index) {
    const Pixels out = augmented(in, 8, {.flip = true, .shift = 0}, 0, index);
    REQUIRE((out == in || out == mirror));
    flips += out == mirror;
  }
  CHECK(flips > 900);
  CHECK(flips < 1100);
}

TEST_CASE("alternating flips show each image both ways in any two epochs", "[engine][data]") {
  const Pixels in = noise(8), mirror = mirrored(in, 8);
  const AugmentOptions options{.flip = true, .alternating_flip = true, .shift = 0};
  int first = 0;
  for (int index = 0; index < 500; ++index) {
    const Pixels even = augmented(in, 8, options, 0, index);
    CHECK(augmented(in, 8, options, 1, index) == mirrored(even, 8));
    CHECK(augmented(in, 8, options, 2, index) == even);
    first += even == mirror;
  }
  CHECK(first > 200);
  CHECK(first < 300);
}

TEST_CASE("every shift up to the limit occurs and is a crop of the reflected image",
          "[engine][data]") {
  const int size = 7, limit = 2;
  const Pixels in = noise(size);
  std::vector<int> seen((2 * limit + 1) * (2 * limit + 1));
  for (int index = 0; index < 500; ++index) {
    const Pixels out = augmented(in, size, {.flip = false, .shift = limit}, 0, index);
    for (int dy = -limit; dy <= limit; ++dy) {
      for (int dx = -limit; dx <= limit; ++dx) {
        seen[std::size_t((dy + limit) * 5 + dx + limit)] += out == shifted(in, size, dx, dy);
      }
    }
  }
  int sum = 0;
  for (int count : seen) {
    CHECK(count > 0);
    sum += count;
  }
  CHECK(sum == 500);
}

TEST_CASE("flipping and shifting give shifts of the mirrored image", "[engine][data]") {
  const Pixels in = noise(7), mirror = mirrored(in, 7);
  for (int index = 0; index < 100; ++index) {
    const Pixels out = augmented(in, 7, {.flip = true, .shift = 1}, 0, index);
    bool found = false;
    for (int k = 0; k < 9; ++k) {
      found |= out == shifted(in, 7, k % 3 - 1, k / 3 - 1);
      found |= out == shifted(mirror, 7, k % 3 - 1, k / 3 - 1);
    }
    CHECK(found);
  }
}

TEST_CASE("a shift larger than the image stays inside it", "[engine][data]") {
  for (int index = 0; index < 50; ++index) {
    CHECK(augmented({1, 2, 3}, 1, {.flip = true, .shift = 5}, 0, index) == Pixels{1, 2, 3});
    const Pixels in = noise(3);
    for (const std::uint8_t value : augmented(in, 3, {.flip = true, .shift = 9}, 0, index)) {
      CHECK(std::find(in.begin(), in.end(), value) != in.end());
    }
  }
}

TEST_CASE("rotation turns by at most the given angle and keeps the centre", "[engine][data]") {
  const int size = 33;
  const Pixels in = ramp(size);
  const std::size_t centre = (16 * 33 + 16) * 3, right = centre + 12 * 3;
  double steepest = 0;
  for (int index = 0; index < 200; ++index) {
    AugmentOptions options = kOff;
    options.rotate = 10;
    const Pixels out = augmented(in, size, options, 0, index);
    CHECK(std::abs(out[centre] - in[centre]) <= 1);
    // 12 pixels to the right, green (4 y) rises by 48 sin(angle).
    steepest = std::max(steepest, std::abs(double(out[right + 1]) - in[right + 1]));
  }
  CHECK(steepest <= 48 * std::sin(10 * 3.14159265 / 180) + 1);
  CHECK(steepest > 48 * std::sin(8 * 3.14159265 / 180));
}

TEST_CASE("zoom scales distances from the centre by the inverse factor", "[engine][data]") {
  const int size = 33;
  const Pixels in = ramp(size);
  const std::size_t right = (16 * 33 + 16 + 10) * 3;
  int lowest = 255, highest = 0;
  for (int index = 0; index < 200; ++index) {
    AugmentOptions options = kOff;
    options.zoom = 0.2f;
    const int red = augmented(in, size, options, 0, index)[right];
    lowest = std::min(lowest, red);
    highest = std::max(highest, red);
  }
  CHECK(lowest >= 64 + 40 / 1.2 - 1);  // red is 4 x, 64 in the centre
  CHECK(lowest < 64 + 40 / 1.15);
  CHECK(highest <= 64 + 40 / 0.8 + 1);
  CHECK(highest > 64 + 40 / 0.85);
}

TEST_CASE("cutout covers exactly one square clipped at the borders", "[engine][data]") {
  const int size = 12, edge = 4;
  const Pixels in(size * size * 3, 9);
  int largest = 0;
  for (int index = 0; index < 200; ++index) {
    AugmentOptions options = kOff;
    options.cutout = edge;
    const Pixels out = augmented(in, size, options, 0, index);
    const auto grey = std::count(out.begin(), out.end(), 128);
    CHECK(grey + std::count(out.begin(), out.end(), 9) == size * size * 3);
    CHECK(grey >= 2 * 2 * 3);
    largest = std::max(largest, int(grey));
  }
  CHECK(largest == edge * edge * 3);
}

TEST_CASE("brightness and contrast stay within their limits and saturate", "[engine][data]") {
  const Pixels in{0, 128, 255};
  int lowest = 255, highest = 0;
  for (int index = 0; index < 200; ++index) {
    AugmentOptions options = kOff;
    options.brightness = 0.1f;
    const Pixels out = augmented(in, 1, options, 0, index);
    lowest = std::min<int>(lowest, out[1]);
    highest = std::max<int>(highest, out[1]);
    options.brightness = 0;
    options.contrast = 0.5f;
    CHECK(augmented(in, 1, options, 0, index)[1] == 128);
  }
  CHECK(lowest >= 102);
  CHECK(lowest < 108);
  CHECK(highest <= 154);
  CHECK(highest > 148);
}

TEST_CASE("flipping and shifting a 32 x 32 image takes less than ten microseconds",
          "[engine][data]") {
  const Pixels in = noise(32);
  Pixels out(in.size());
  double best = 1e9;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int index = 0; index < 500; ++index) {
      augment(in.data(), 32, out.data(), {.flip = true, .shift = 2}, 1, repeat, index);
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / 500);
  }
  INFO("augment 32 x 32: " << best * 1e6 << " us");
#ifdef NDEBUG
  CHECK(best < 10e-6);
#endif
}

TEST_CASE("a crop shows an enlarged part of the image", "[engine][data]") {
  constexpr int kSize = 32;
  const Pixels in = ramp(kSize);  // red is 4 * column, green 4 * row
  AugmentOptions options = kOff;
  options.crop = 0.25f;
  double smallest = 1, largest = 0, leftmost = kSize, rightmost = 0;
  for (int index = 0; index < 200; ++index) {
    const Pixels out = augmented(in, kSize, options, 0, index);
    const auto column = [&](int x) { return out[std::size_t(kSize * kSize / 2 + x) * 3] / 4.0; };
    const double side = (column(kSize - 2) - column(1)) / (kSize - 3);
    smallest = std::min(smallest, side);
    largest = std::max(largest, side);
    leftmost = std::min(leftmost, column(1));
    rightmost = std::max(rightmost, column(kSize - 2));
  }
  // From half to all of each side; the corners of the image occur.
  CHECK(smallest == Approx(0.5).margin(0.03));
  CHECK(largest == Approx(1).margin(0.03));
  CHECK(leftmost < 1.5);
  CHECK(rightmost > kSize - 2.5);
  options.crop = 1;
  CHECK(augmented(in, kSize, options, 0, 0) == in);
}
