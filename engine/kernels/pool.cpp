#include "engine/kernels/pool.h"

#include <algorithm>

#include "engine/core/multiarch.h"

namespace fovea::kernels {

FOVEA_MULTIARCH
void max_pool(const Scalar* x, const Shape& in, int size, Scalar* y, std::uint8_t* argmax) {
  const int oh = in.h / size, ow = in.w / size, c = in.c;
  for (int n = 0; n < in.n; ++n, x += in.per_image()) {
    for (int oy = 0; oy < oh; ++oy) {
      for (int ox = 0; ox < ow; ++ox, y += c) {
        // Start with the first cell of the window and replace it by strictly larger ones.
        const Scalar* corner = x + (std::int64_t{oy} * in.w + ox) * size * c;
        std::copy_n(corner, c, y);
        if (argmax != nullptr) std::fill_n(argmax, c, std::uint8_t{0});
        for (int cell = 1; cell < size * size; ++cell) {
          const Scalar* value = corner + (std::int64_t{cell / size} * in.w + cell % size) * c;
          if (argmax == nullptr) {
            for (int j = 0; j < c; ++j) y[j] = value[j] > y[j] ? value[j] : y[j];
            continue;
          }
          for (int j = 0; j < c; ++j) {
            const bool larger = value[j] > y[j];
            y[j] = larger ? value[j] : y[j];
            argmax[j] = larger ? static_cast<std::uint8_t>(cell) : argmax[j];
          }
        }
        if (argmax != nullptr) argmax += c;
      }
    }
  }
}

FOVEA_MULTIARCH
void max_pool_backward(const Scalar* dy, const std::uint8_t* argmax, const Shape& in, int size,
                       Scalar* dx) {
  const int oh = in.h / size, ow = in.w / size, c = in.c;
  // The loops below write every pixel of every window. Pixels outside all windows get 0 here.
  if (in.h % size != 0 || in.w % size != 0) std::fill_n(dx, in.size(), Scalar{0});
  for (int n = 0; n < in.n; ++n, dx += in.per_image()) {
    for (int oy = 0; oy < oh; ++oy) {
      for (int ox = 0; ox < ow; ++ox, dy += c, argmax += c) {
        Scalar* corner = dx + (std::int64_t{oy} * in.w + ox) * size * c;
        for (int cell = 0; cell < size * size; ++cell) {
          Scalar* to = corner + (std::int64_t{cell / size} * in.w + cell % size) * c;
          for (int j = 0; j < c; ++j) to[j] = argmax[j] == cell ? dy[j] : 0;
        }
      }
    }
  }
}

FOVEA_MULTIARCH
void global_avg_pool(const Scalar* x, const Shape& in, Scalar* y) {
  const std::int64_t pixels = std::int64_t{in.h} * in.w;
  for (int n = 0; n < in.n; ++n, y += in.c) {
    std::fill_n(y, in.c, Scalar{0});
    for (std::int64_t p = 0; p < pixels; ++p, x += in.c) {
      for (int j = 0; j < in.c; ++j) y[j] += x[j];
    }
    for (int j = 0; j < in.c; ++j) y[j] /= static_cast<Scalar>(pixels);
  }
}

FOVEA_MULTIARCH
void global_avg_pool_backward(const Scalar* dy, const Shape& in, Scalar* dx) {
  const std::int64_t pixels = std::int64_t{in.h} * in.w;
  for (int n = 0; n < in.n; ++n, dy += in.c) {
    for (std::int64_t p = 0; p < pixels; ++p, dx += in.c) {
      for (int j = 0; j < in.c; ++j) dx[j] = dy[j] / static_cast<Scalar>(pixels);
    }
  }
}

FOVEA_MULTIARCH
void global_max_pool(const Scalar* x, const Shape& in, Scalar* y, std::int32_t* argmax) {
  const std::int32_t pixels = in.h * in.w;
  for (int n = 0; n < in.n; ++n, y += in.c) {
    std::copy_n(x, in.c, y);
    if (argmax != nullptr) std::fill_n(argmax, in.c, 0);
    for (std::int32_t p = 0; p < pixels; ++p, x += in.c) {
      for (int j = 0; j < in.c; ++j) {
        if (!(x[j] > y[j])) continue;
        y[j] = x[j];
        if (argmax != nullptr) argmax[j] = p;
      }
    }
    if (argmax != nullptr) argmax += in.c;
  }
}

FOVEA_MULTIARCH
void global_max_pool_backward(const Scalar* dy, const std::int32_t* argmax, const Shape& in,
                              Scalar* dx) {
  std::fill_n(dx, in.size(), Scalar{0});
  for (int n = 0; n < in.n; ++n, dx += in.per_image()) {
    for (int j = 0; j < in.c; ++j) {
      dx[std::int64_t{argmax[n * in.c + j]} * in.c + j] = dy[n * in.c + j];
    }
  }
}

}  // namespace fovea::kernels
