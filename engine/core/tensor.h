#pragma once

#include <memory>
#include <span>

#include "engine/core/scalar.h"
#include "engine/core/shape.h"

namespace fovea {

// Owns n*h*w*c numbers, 64-byte aligned, channels last. Moving is cheap; a copy has to be asked
// for by name, so none happens by accident. Not synchronised: one writer, or many readers.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Shape shape);  // contents are zero
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  Tensor clone() const;
  void copy_from(const Tensor& other);  // takes shape and contents

  // Keeps the memory when it suffices, so a steady loop does not allocate. Contents: unspecified.
  // Throws ShapeError when a size is negative or the total exceeds 2^31 numbers.
  void resize(Shape shape);
  void fill(Scalar value);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }

  Scalar* data() { return data_.get(); }
  const Scalar* data() const { return data_.get(); }
  std::span<Scalar> values() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const Scalar> values() const { return {data(), static_cast<std::size_t>(size())}; }
  Scalar* image(int n) { return data() + n * shape_.per_image(); }
  const Scalar* image(int n) const { return data() + n * shape_.per_image(); }

 private:
  struct Free {
    void operator()(Scalar* p) const;
  };
  Shape shape_;
  std::int64_t capacity_ = 0;
  std::unique_ptr<Scalar[], Free> data_;
};

}  // namespace fovea
