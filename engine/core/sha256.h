#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fovea {

// SHA-256 (FIPS 180-4). Feed any number of pieces, then ask once for the digest.
class Sha256 {
 public:
  void update(std::span<const std::uint8_t> bytes);
  std::array<std::uint8_t, 32> digest();  // ends the computation
  std::string hex();                      // digest as 64 lower-case hex digits; ends it too

 private:
  void compress(const std::uint8_t* block);
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace fovea
