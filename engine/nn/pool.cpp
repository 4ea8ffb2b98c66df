#include "engine/nn/pool.h"

#include "engine/core/error.h"
#include "engine/kernels/pool.h"

namespace fovea {

MaxPool::MaxPool(int size) : size_(size) {
  if (size < 1 || size > 15) {
    throw ConfigError("MaxPool needs 1 <= size <= 15, not " + std::to_string(size));
  }
}

Shape MaxPool::output_shape(const Shape& in) const {
  if (in.h < size_ || in.w < size_) {
    throw ShapeError("MaxPool of size " + std::to_string(size_) + " cannot take " + to_string(in));
  }
  return {in.n, in.h / size_, in.w / size_, in.c};
}

void MaxPool::infer(const Tensor& x, Tensor& y, Scratch&) const {
  kernels::max_pool(x.data(), x.shape(), size_, y.data(), nullptr);
}

void MaxPool::forward(const Tensor& x, Tensor& y, const Rng&) {
  argmax_.resize(y.size());
  kernels::max_pool(x.data(), x.shape(), size_, y.data(), argmax_.data());
}

void MaxPool::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  kernels::max_pool_backward(dy.data(), argmax_.data(), x.shape(), size_, dx->data());
}

Shape GlobalAvgPool::output_shape(const Shape& in) const {
  if (in.h < 1 || in.w < 1) throw ShapeError("GlobalAvgPool cannot take " + to_string(in));
  return {in.n, 1, 1, in.c};
}

void GlobalAvgPool::infer(const Tensor& x, Tensor& y, Scratch&) const {
  kernels::global_avg_pool(x.data(), x.shape(), y.data());
}

void GlobalAvgPool::forward(const Tensor& x, Tensor& y, const Rng&) {
  kernels::global_avg_pool(x.data(), x.shape(), y.data());
}

void GlobalAvgPool::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  kernels::global_avg_pool_backward(dy.data(), x.shape(), dx->data());
}

Shape GlobalMaxPool::output_shape(const Shape& in) const {
  if (in.h < 1 || in.w < 1) throw ShapeError("GlobalMaxPool cannot take " + to_string(in));
  return {in.n, 1, 1, in.c};
}

void GlobalMaxPool::infer(const Tensor& x, Tensor& y, Scratch&) const {
  kernels::global_max_pool(x.data(), x.shape(), y.data(), nullptr);
}

void GlobalMaxPool::forward(const Tensor& x, Tensor& y, const Rng&) {
  argmax_.resize(y.size());
  kernels::global_max_pool(x.data(), x.shape(), y.data(), argmax_.data());
}

void GlobalMaxPool::backward(const Tensor& x, const Tensor&, const Tensor& dy, Tensor* dx) {
  if (dx == nullptr) return;
  kernels::global_max_pool_backward(dy.data(), argmax_.data(), x.shape(), dx->data());
}

}  // namespace fovea
