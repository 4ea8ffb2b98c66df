#pragma once

#include <memory>
#include <span>

#include "engine/core/scalar.h"
#include "engine/core/shape.h"

namespace fovea {

// Owns n * h * w * c numbers, 64-byte aligned, channels last. Moves are cheap; copies are explicit
// (clone, copy_from). Not synchronised: one writer, or many readers.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Shape shape);  // contents are zero
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  Tensor clone() const;
  void copy_from(const Tensor& other);  // shape and contents

  // Reuses the memory when it is large enough, so that a loop over equal shapes does not allocate.
  // The contents are unspecified. Throws ShapeError when a size is negative or the total exceeds
  // 2^31 numbers.
  void resize(Shape shape);
  void fill(Scalar value);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }
  std::int64_t capacity() const { return capacity_; }  // numbers that are allocated

  Scalar* data() { return data_.get(); }
  const Scalar* data() const { return data_.get(); }
  std::span<Scalar> values() { return {data(), std::size_t(size())}; }
  std::span<const Scalar> values() const { return {data(), std::size_t(size())}; }
  Scalar* image(int n) { return data() + n * shape_.per_image(); }
  const Scalar* image(int n) const { return data() + n * shape_.per_image(); }
  // The index of the largest number of image n, the lower one of equals: the predicted class of a
  // row of logits or probabilities.
  int argmax(int n) const;

 private:
  struct Free {
    void operator()(Scalar* p) const;
  };
  Shape shape_;
  std::int64_t capacity_ = 0;
  std::unique_ptr<Scalar[], Free> data_;
};

}  // namespace fovea
