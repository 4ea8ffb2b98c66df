#include "engine/kernels/norm.h"

#include <algorithm>
#include <vector>

#include "engine/core/multiarch.h"

namespace fovea::kernels {
namespace {

// Rows summed in `Scalar` before the sum is added to a double. A block fits into the L1 cache, and
// its rounding error stays small.
constexpr std::int64_t kBlock = 128;

// Accumulators for two sums per channel, over all rows and over the current block.
struct Sums {
  explicit Sums(int c) : total(2 * c), block(2 * c) {}
  std::vector<double> total;
  std::vector<Scalar> block;
};

// This thread's accumulators, with `total` set to zero.
Sums& zero_sums(int c) {
  thread_local Sums sums(0);
  if (static_cast<int>(sums.block.size()) < 2 * c) sums = Sums(c);
  std::fill_n(sums.total.data(), 2 * c, 0.0);
  return sums;
}

}  // namespace

// Computes the mean and the sum of squared deviations (SSD) of each block in two passes over the
// block, and merges the blocks by Chan, Golub and LeVeque 1979, eq. 2.1.
FOVEA_MULTIARCH
void channel_moments(const Scalar* x, std::int64_t rows, int c, Scalar* mean, Scalar* var) {
  Sums& sums = zero_sums(c);
  double* merged_mean = sums.total.data();
  double* merged_ssd = merged_mean + c;
  Scalar* block_mean = sums.block.data();
  Scalar* block_ssd = block_mean + c;
  for (std::int64_t done = 0; done < rows;) {
    const std::int64_t count = std::min(kBlock, rows - done);
    const Scalar* block = x + done * c;
    std::fill_n(block_mean, 2 * c, Scalar{0});
    for (std::int64_t r = 0; r < count; ++r) {
      for (int j = 0; j < c; ++j) block_mean[j] += block[r * c + j];
    }
    for (int j = 0; j < c; ++j) block_mean[j] /= static_cast<Scalar>(count);
    for (std::int64_t r = 0; r < count; ++r) {
      for (int j = 0; j < c; ++j) {
        const Scalar deviation = block[r * c + j] - block_mean[j];
        block_ssd[j] += deviation * deviation;
      }
    }
    // With delta = mean_b - mean_a, for a = the rows before this block and b = this block:
    //   mean = mean_a + delta * n_b / (n_a + n_b)
    //   SSD = SSD_a + SSD_b + delta^2 * n_a * n_b / (n_a + n_b)
    const double weight = static_cast<double>(count) / static_cast<double>(done + count);
    for (int j = 0; j < c; ++j) {
      const double delta = block_mean[j] - merged_mean[j];
      merged_mean[j] += delta * weight;
      merged_ssd[j] += block_ssd[j] + delta * delta * static_cast<double>(done) * weight;
    }
    done += count;
  }
  for (int j = 0; j < c; ++j) {
    mean[j] = static_cast<Scalar>(merged_mean[j]);
    var[j] = static_cast<Scalar>(merged_ssd[j] / static_cast<double>(rows));
  }
}

FOVEA_MULTIARCH
void scale_shift(const Scalar* x, std::int64_t rows, int c, const Scalar* scale,
                 const Scalar* shift, Scalar* y) {
  for (std::int64_t r = 0; r < rows; ++r, x += c, y += c) {
    for (int j = 0; j < c; ++j) y[j] = x[j] * scale[j] + shift[j];
  }
}

FOVEA_MULTIARCH
void norm_sums(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* mean,
               Scalar* sum_dy, Scalar* sum_dy_x) {
  Sums& sums = zero_sums(c);
  Scalar* block_dy = sums.block.data();
  Scalar* block_dy_x = block_dy + c;
  for (std::int64_t first = 0; first < rows; first += kBlock) {
    const std::int64_t last = std::min(rows, first + kBlock);
    std::fill_n(block_dy, 2 * c, Scalar{0});
    for (std::int64_t at = first * c; at < last * c; at += c) {
      for (int j = 0; j < c; ++j) {
        block_dy[j] += dy[at + j];
        block_dy_x[j] += dy[at + j] * (x[at + j] - mean[j]);
      }
    }
    for (int j = 0; j < 2 * c; ++j) sums.total[j] += block_dy[j];
  }
  for (int j = 0; j < c; ++j) {
    sum_dy[j] = static_cast<Scalar>(sums.total[j]);
    sum_dy_x[j] = static_cast<Scalar>(sums.total[c + j]);
  }
}

FOVEA_MULTIARCH
void norm_gradient(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* a,
                   const Scalar* b, const Scalar* d, Scalar* dx) {
  for (std::int64_t r = 0; r < rows; ++r, x += c, dy += c, dx += c) {
    for (int j = 0; j < c; ++j) dx[j] = dy[j] * a[j] + x[j] * b[j] + d[j];
  }
}

}  // namespace fovea::kernels
