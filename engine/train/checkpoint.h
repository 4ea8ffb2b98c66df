#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace fovea {

inline constexpr const char* kCheckpointFile = "checkpoint.fovea";  // in a run's folder

// The state of a run as named texts and named arrays, in one self-checking block of bytes:
//   "FOVEACKP", version, texts (name, value), arrays (name, n, h, w, c, floats), sha256 of all that
// with little-endian numbers and 32-bit lengths and sizes. Native machines only; it is not an
// exchange format.
struct Checkpoint {
  std::map<std::string, std::string> texts;
  std::map<std::string, Tensor> arrays;

  // Throw FormatError naming what is missing or not a number.
  const std::string& text(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double real(const std::string& name) const;
  // Moves the arrays "<prefix>0", "<prefix>1", ... out, up to the first missing one.
  std::vector<Tensor> take_arrays(const std::string& prefix);
};

// The same by reference, for writing: the weights are copied once, not twice.
struct CheckpointView {
  std::map<std::string, std::string> texts;
  std::map<std::string, const Tensor*> arrays;

  void add_arrays(const std::string& prefix, std::span<const Tensor> tensors);
};

std::vector<std::uint8_t> write_checkpoint(const CheckpointView& view);
// Throws FormatError. The sha256 reveals every truncation and every changed byte.
Checkpoint read_checkpoint(std::span<const std::uint8_t> bytes);

}  // namespace fovea
