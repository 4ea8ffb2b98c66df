#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// The container of model files: safetensors with two additional keys in `__metadata__` that reveal
// every changed byte (docs/model-format.md): "sha256" of the tensor bytes and "header_sha256" of
// the header. The meaning of the tensors and of the other metadata is defined by the callers.

enum class DType { f32, f16, i64 };  // i64 only in files of other programs
inline std::size_t size_of(DType type) {
  return type == DType::f32 ? 4 : type == DType::f16 ? 2 : 8;
}

struct StoredTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::uint8_t> bytes;  // row-major, little-endian; not owned
};

// The number at a position of an F32 or F16 tensor. REQUIRES: the position exists.
float stored_value(const StoredTensor& tensor, std::size_t position);
// "[3, 3, 16, 32]"
std::string shape_text(const std::vector<std::int64_t>& shape);

struct Safetensors {
  std::map<std::string, std::string> metadata;  // without the two hashes
  std::vector<StoredTensor> tensors;            // in the order of their bytes, without gaps
  std::string sha256;                           // of all tensor bytes; set by reading only
};

// Stores the tensors in the given order, but F32 before F16, which keeps both aligned. Throws
// FormatError when a shape does not match its bytes or a text is not UTF-8.
std::vector<std::uint8_t> write_safetensors(const Safetensors& file);

// The result points into `bytes`. Throws FormatError for every deviation from the format: a header
// above 16 MiB, bytes that do not match the hashes, gaps, overlaps, trailing bytes, dtypes other
// than F32 and F16, tensors above 2^31 numbers.
Safetensors read_safetensors(std::span<const std::uint8_t> bytes);

// The same for files of other programs: without the two hashes, a header of any length up to 16
// MiB, and I64 tensors are accepted. `sha256` stays empty.
Safetensors read_foreign_safetensors(std::span<const std::uint8_t> bytes);

}  // namespace fovea
