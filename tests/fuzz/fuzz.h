#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

// Helpers for fuzzers. Each fuzzer is one file that defines LLVMFuzzerTestOneInput; see
// tests/fuzz/README.md.
namespace fovea::fuzz {

using Bytes = std::span<const std::uint8_t>;

// Invalid input may throw FormatError. Any other exception is a finding, like a crash.
template <class Read>
void may_refuse(Read&& read) {
  try {
    read();
  } catch (const FormatError&) {
  }
}

// An invariant of every accepted input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Removes the first line from `rest` and returns it without the line break.
inline std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

// The input with its SHA-256 appended. Without it, file formats that end with a digest would reject
// every input before the code under test runs.
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
