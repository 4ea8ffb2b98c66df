#pragma once

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

// The input as a safetensors file with correct hashes: both are computed and written over the 64
// digits after their keys in the header. Everything else stays as it is.
inline std::vector<std::uint8_t> with_hashes(Bytes file) {
  std::vector<std::uint8_t> all(file.begin(), file.end());
  if (all.size() < 8) return all;
  std::uint64_t length = 0;
  for (std::size_t i = 8; i > 0; --i) length = length << 8 | all[i - 1];
  if (length > all.size() - 8) return all;
  std::string header(text(file.subspan(8, length)));
  const auto put = [&header](std::string_view key, const std::string& digits) {
    const std::size_t at = header.find(key);
    if (at == std::string::npos || header.size() - at < key.size() + digits.size()) return;
    header.replace(at + key.size(), digits.size(), digits);
  };
  put("\"sha256\":\"", sha256_hex(file.subspan(8 + length)));
  put("\"header_sha256\":\"", std::string(64, '0'));
  put("\"header_sha256\":\"",
      sha256_hex({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()}));
  std::copy(header.begin(), header.end(), all.begin() + 8);
  return all;
}

}  // namespace fovea::fuzz
