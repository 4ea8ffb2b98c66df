#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

// What the fuzzers share. Each is one file with one LLVMFuzzerTestOneInput; tests/fuzz/README.md
// says how they are run.
namespace fovea::fuzz {

using Bytes = std::span<const std::uint8_t>;

// Bad bytes may be refused by this error alone. Any other one ends the fuzzer, as a crash does.
template <class Read>
void may_refuse(Read&& read) {
  try {
    read();
  } catch (const FormatError&) {
  }
}

// What must hold for everything that was read.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Cuts off the first line, without its end.
inline std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

// The bytes with their sha256 behind them, as files that end in one have it: else no fuzzer would
// ever come past it.
inline std::vector<std::uint8_t> with_digest(Bytes bytes) {
  Sha256 sha;
  sha.update(bytes);
  const auto digest = sha.digest();
  std::vector<std::uint8_t> all(bytes.begin(), bytes.end());
  all.insert(all.end(), digest.begin(), digest.end());
  return all;
}

}  // namespace fovea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
