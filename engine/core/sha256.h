#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace fovea {

// SHA-256 (FIPS 180-4) of bytes that are passed in any number of pieces. Native builds use OpenSSL
// and so the SHA instructions of the CPU; WebAssembly uses portable code. One owner.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::span<const std::uint8_t> bytes);
  // Each ends the computation: call one of them, once, after the last update().
  std::array<std::uint8_t, 32> digest();
  std::string hex();  // 64 lower-case hex digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace fovea
