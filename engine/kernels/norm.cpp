#include "engine/kernels/norm.h"

#include <algorithm>
#include <vector>

namespace fovea::kernels {
namespace {

// Rows summed in `Scalar` before they go into a double: long float sums would lose digits.
constexpr std::int64_t kBlock = 256;

// total[j] (+)= sum over rows of term(row pointer offset, j), in blocks.
template <typename Term>
void blocked_sums(std::int64_t rows, int c, double* total, Scalar* block, Term term) {
  std::fill_n(total, c, 0.0);
  for (std::int64_t first = 0; first < rows; first += kBlock) {
    std::fill_n(block, c, Scalar{0});
    const std::int64_t last = std::min(rows, first + kBlock);
    for (std::int64_t r = first; r < last; ++r) term(r * c, block);
    for (int j = 0; j < c; ++j) total[j] += block[j];
  }
}

struct Sums {
  explicit Sums(int c) : total(c), block(c) {}
  std::vector<double> total;
  std::vector<Scalar> block;
};

Sums& sums_of_thread(int c) {
  thread_local Sums sums(0);
  if (static_cast<int>(sums.total.size()) < c) sums = Sums(c);
  return sums;
}

}  // namespace

void channel_moments(const Scalar* x, std::int64_t rows, int c, Scalar* mean, Scalar* var) {
  Sums& sums = sums_of_thread(c);
  blocked_sums(rows, c, sums.total.data(), sums.block.data(), [=](std::int64_t at, Scalar* sum) {
    for (int j = 0; j < c; ++j) sum[j] += x[at + j];
  });
  for (int j = 0; j < c; ++j) mean[j] = static_cast<Scalar>(sums.total[j] / rows);
  blocked_sums(rows, c, sums.total.data(), sums.block.data(), [=](std::int64_t at, Scalar* sum) {
    for (int j = 0; j < c; ++j) sum[j] += (x[at + j] - mean[j]) * (x[at + j] - mean[j]);
  });
  for (int j = 0; j < c; ++j) var[j] = static_cast<Scalar>(sums.total[j] / rows);
}

void scale_shift(const Scalar* x, std::int64_t rows, int c, const Scalar* scale,
                 const Scalar* shift, Scalar* y) {
  for (std::int64_t r = 0; r < rows; ++r, x += c, y += c) {
    for (int j = 0; j < c; ++j) y[j] = x[j] * scale[j] + shift[j];
  }
}

void norm_sums(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* mean,
               Scalar* sum_dy, Scalar* sum_dy_x) {
  Sums& sums = sums_of_thread(c);
  blocked_sums(rows, c, sums.total.data(), sums.block.data(), [=](std::int64_t at, Scalar* sum) {
    for (int j = 0; j < c; ++j) sum[j] += dy[at + j];
  });
  for (int j = 0; j < c; ++j) sum_dy[j] = static_cast<Scalar>(sums.total[j]);
  blocked_sums(rows, c, sums.total.data(), sums.block.data(), [=](std::int64_t at, Scalar* sum) {
    for (int j = 0; j < c; ++j) sum[j] += dy[at + j] * (x[at + j] - mean[j]);
  });
  for (int j = 0; j < c; ++j) sum_dy_x[j] = static_cast<Scalar>(sums.total[j]);
}

void norm_gradient(const Scalar* x, const Scalar* dy, std::int64_t rows, int c, const Scalar* a,
                   const Scalar* b, const Scalar* d, Scalar* dx) {
  for (std::int64_t r = 0; r < rows; ++r, x += c, dy += c, dx += c) {
    for (int j = 0; j < c; ++j) dx[j] = dy[j] * a[j] + x[j] * b[j] + d[j];
  }
}

}  // namespace fovea::kernels
