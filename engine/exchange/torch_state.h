#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// One tensor of a PyTorch state dict: a view of numbers in a storage, which several may share.
struct TorchTensor {
  std::string name;
  bool floating = true;  // 32-bit floats; otherwise 64-bit integers
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;      // in numbers, not negative
  std::int64_t offset = 0;                // of the first number, in numbers
  std::span<const std::uint8_t> storage;  // little-endian; not owned

  std::int64_t count() const;  // product of the shape, at most 2^31
};

// A state dict that torch.save() wrote: a dictionary of names and tensors of 32-bit floats or
// 64-bit integers. The file contains pickles, of which only data are read (pickle.h). All offsets,
// sizes and strides are checked against the storage, so that row_major() reads inside of it. The
// results point into the file. Both throw FormatError naming what is wrong or not supported.

// The form of PyTorch before 1.6: five pickles, then the storages.
std::vector<TorchTensor> read_torch_legacy(std::span<const std::uint8_t> bytes);
bool is_torch_legacy(std::span<const std::uint8_t> bytes);  // by its first bytes

// The form since then, a zip archive of FOLDER/data.pkl and FOLDER/data/KEY, as its unpacked files
// by path.
using ArchiveFiles = std::map<std::string, std::vector<std::uint8_t>>;
std::vector<TorchTensor> read_torch_archive(const ArchiveFiles& files);
bool is_torch_archive(const ArchiveFiles& files);  // has a data.pkl

// The numbers of a tensor of floats in row-major order. Allocates count() numbers, which a stride
// of 0 can make more than the file has: compare the shape first.
std::vector<float> row_major(const TorchTensor& tensor);

}  // namespace fovea
