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
// with every number little-endian, lengths and sizes as 32-bit. Native machines only; it is no
// exchange format.
struct Checkpoint {
  std::map<std::string, std::string> texts;
  std::map<std::string, Tensor> arrays;

  // Throw FormatError naming what is missing or not a number.
  const std::string& text(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double real(const std::string& name) const;
  // Moves "<prefix>0", "<prefix>1", ... out, up to the first that is not there.
  std::vector<Tensor> take_arrays(const std::string& prefix);
};

// What is to be written, by reference, so that a checkpoint costs one copy of the weights, not two.
struct CheckpointView {
  std::map<std::string, std::string> texts;
  std::map<std::string, const Tensor*> arrays;

  void add_arrays(const std::string& prefix, std::span<const Tensor> tensors);
};

std::vector<std::uint8_t> write_checkpoint(const CheckpointView& view);
// Throws FormatError: anything cut, changed or appended is noticed by the sha256.
Checkpoint read_checkpoint(std::span<const std::uint8_t> bytes);

}  // namespace fovea
