#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// A value in a pickle, Python's serialisation format, as data: nothing is called or imported.
struct PickleNode {
  enum class Kind {
    none,
    boolean,  // integer: 0 or 1
    integer,
    long_integer,  // more than 8 bytes; text: two's complement, little-endian
    text,
    type,  // text: "torch.FloatStorage"; one of the four allowed names
    tuple,
    list,
    dict,     // items: key, value, key, value, ...; also a collections.OrderedDict
    storage,  // items: those of the persistent id
    tensor,   // items: the arguments of torch._utils._rebuild_tensor_v2
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  std::string_view text;             // points into the file
  std::vector<std::uint32_t> items;  // indices into Pickle::nodes, possibly in a cycle
};

struct Pickle {
  std::vector<PickleNode> nodes;
  std::uint32_t root = 0;
  std::size_t size = 0;  // bytes up to the end of the pickle; more may follow

  const PickleNode& operator[](std::uint32_t index) const { return nodes[index]; }
};

// Reads the pickle at the beginning of `bytes`, with the 30 operations that PyTorch uses for a
// state dict (protocol 2) and four names: collections.OrderedDict, torch._utils._rebuild_tensor_v2,
// torch.FloatStorage, torch.LongStorage. The result points into `bytes`. Throws FormatError naming
// the operation or the name that is not allowed, and its offset; also when it would have more than
// 2^18 values or 2^20 items, which bounds the memory.
Pickle read_pickle(std::span<const std::uint8_t> bytes);

}  // namespace fovea
