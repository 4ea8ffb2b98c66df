#include "engine/core/tensor.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;

// The address that malloc or calloc returned is stored before the aligned numbers.
using Header = void*;

Scalar* allocate(std::int64_t count, bool zero) {
  const std::size_t bytes = count * sizeof(Scalar) + kAlignment + sizeof(Header);
  // calloc does not write to memory that is new to the process: pages take memory when they are
  // used. Gradients of a network that only infers never are.
  void* block = zero ? std::calloc(bytes, 1) : std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  const auto first = reinterpret_cast<std::uintptr_t>(block) + sizeof(Header);
  auto* numbers = reinterpret_cast<Header*>((first + kAlignment - 1) / kAlignment * kAlignment);
  numbers[-1] = block;
  return reinterpret_cast<Scalar*>(numbers);
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
  if (p != nullptr) std::free(reinterpret_cast<Header*>(p)[-1]);
}

Tensor::Tensor(Shape shape) {
  check(shape);
  if (shape.size() > 0) data_.reset(allocate(shape.size(), true));
  capacity_ = shape.size();
  shape_ = shape;
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
    data_.reset(allocate(shape.size(), false));
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
