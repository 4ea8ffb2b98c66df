#pragma once

#include <cstdint>
#include <cstring>

namespace fovea {

// IEEE 754 binary32 -> binary16 and back. Rounds to nearest, ties to even; values from 65520 on,
// half a step above the largest half, become infinite.
inline std::uint16_t to_half(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // >= 65520
  if (magnitude < 0x38800000u) {
    // Below 2^-14 halves are subnormal, multiples of 2^-24. That is the spacing of floats in
    // [0.5, 1), so adding 0.5 rounds to such a multiple, whose number ends up in the low bits.
    float shifted;
    std::memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    std::memcpy(&magnitude, &shifted, sizeof magnitude);
    return static_cast<std::uint16_t>(sign | (magnitude - 0x3f000000u));
  }
  // Round the 13 mantissa bits that a half lacks: add half a step less one, and one more when the
  // last bit that stays is odd. A carry correctly increments the exponent.
  magnitude += 0xfffu + ((magnitude >> 13) & 1u);
  // Exponent bias 127 -> 15.
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u) >> 13));
}

inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  // Infinity and NaN keep an exponent of ones; otherwise the bias goes from 15 to 127.
  const std::uint32_t wide_exponent = exponent == 31 ? 255u : exponent + 112u;
  const std::uint32_t bits = sign | (wide_exponent << 23) | (fraction << 13);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace fovea
