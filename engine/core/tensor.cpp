#include "engine/core/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;

Scalar* allocate(std::int64_t count) {
  const std::size_t bytes = (count * sizeof(Scalar) + kAlignment - 1) / kAlignment * kAlignment;
  void* p = std::aligned_alloc(kAlignment, std::max(bytes, kAlignment));
  if (p == nullptr) throw std::bad_alloc();
  return static_cast<Scalar*>(p);
}

void check(const Shape& s) {
  bool bad = s.n < 0 || s.h < 0 || s.w < 0 || s.c < 0;
  std::int64_t total = 1;
  for (int size : {s.n, s.h, s.w, s.c}) {
    if (bad) break;
    // A size of 0 makes the product 0, but per_image() of the other sizes must not overflow.
    total *= std::max(size, 1);
    bad = total > kMaxSize;
  }
  if (bad) throw ShapeError("tensor shape " + to_string(s, true) + " is out of range");
}

}  // namespace

void Tensor::Free::operator()(Scalar* p) const {
  std::free(p);
}

Tensor::Tensor(Shape shape) {
  resize(shape);
  fill(0);
}

Tensor Tensor::clone() const {
  Tensor copy;
  copy.copy_from(*this);
  return copy;
}

void Tensor::copy_from(const Tensor& other) {
  if (this == &other) return;
  resize(other.shape_);
  std::copy_n(other.data(), other.size(), data());
}

void Tensor::resize(Shape shape) {
  check(shape);
  if (shape.size() > capacity_) {
    data_.reset();
    capacity_ = 0;
    data_.reset(allocate(shape.size()));
    capacity_ = shape.size();
  }
  shape_ = shape;
}

int Tensor::argmax(int n) const {
  const Scalar* row = image(n);
  return static_cast<int>(std::max_element(row, row + shape_.per_image()) - row);
}

void Tensor::fill(Scalar value) {
  std::fill_n(data(), size(), value);
}

}  // namespace fovea
