#include "engine/core/rng.h"

#include <cmath>

#include "engine/core/multiarch.h"

namespace fovea {
namespace {

// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): maps similar ids to unrelated values.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Philox4x32-10 of n consecutive counter values side by side, so that the compiler can use vectors.
// Number j of counter first + i goes to out[j * n + i].
template <int n>
[[gnu::always_inline]] inline void philox(std::uint64_t seed, std::uint64_t stream,
                                          std::uint64_t first, std::uint32_t* out) {
  constexpr std::uint32_t kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  // The 128-bit counter is (counter, stream), the 64-bit key is the seed.
  std::uint32_t c0[n], c1[n], c2[n], c3[n];
  for (int i = 0; i < n; ++i) {
    c0[i] = static_cast<std::uint32_t>(first + i);
    c1[i] = static_cast<std::uint32_t>((first + i) >> 32);
    c2[i] = static_cast<std::uint32_t>(stream);
    c3[i] = static_cast<std::uint32_t>(stream >> 32);
  }
  std::uint32_t k0 = static_cast<std::uint32_t>(seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(seed >> 32);
  // Ten rounds: each multiplies two words of the counter to 64 bits, mixes the halves with the
  // other words and the key, and bumps the key by the Weyl constants.
  for (int round = 0; round < 10; ++round, k0 += kWeyl0, k1 += kWeyl1) {
    for (int i = 0; i < n; ++i) {
      const std::uint64_t p0 = std::uint64_t{kMul0} * c0[i];
      const std::uint64_t p1 = std::uint64_t{kMul1} * c2[i];
      c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
      c1[i] = static_cast<std::uint32_t>(p1);
      c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
      c3[i] = static_cast<std::uint32_t>(p0);
    }
  }
  for (int i = 0; i < n; ++i) {
    out[i] = c0[i];
    out[n + i] = c1[i];
    out[2 * n + i] = c2[i];
    out[3 * n + i] = c3[i];
  }
}

FOVEA_MULTIARCH
void philox_blocks(std::uint64_t seed, std::uint64_t stream, std::uint64_t first,
                   std::uint32_t* out) {
  philox<Rng::kBlocks>(seed, stream, first, out);
}

}  // namespace

std::array<std::uint32_t, 4> Rng::block(std::uint64_t seed, std::uint64_t stream,
                                        std::uint64_t counter) {
  std::array<std::uint32_t, 4> out;
  philox<1>(seed, stream, counter, out.data());
  return out;
}

void Rng::blocks(std::uint64_t first_counter, std::uint32_t* out) const {
  philox_blocks(seed_, stream_, first_counter, out);
}

Rng Rng::split(std::uint64_t id) const {
  return Rng(seed_, mix(stream_ + 0x9e3779b97f4a7c15ULL + mix(id + 0x632be59bd9b4e019ULL)));
}

std::uint32_t Rng::next_u32() {
  if (used_ == 4) {
    buffer_ = block(seed_, stream_, counter_++);
    used_ = 0;
  }
  return buffer_[used_++];
}

std::uint32_t Rng::below(std::uint32_t n) {
  // Lemire, "Fast random integer generation in an interval", 2019, algorithm 5: the upper half of
  // a product is the result; few lower halves are rejected to make it unbiased.
  std::uint64_t m = std::uint64_t{next_u32()} * n;
  if (static_cast<std::uint32_t>(m) < n) {
    const std::uint32_t threshold = static_cast<std::uint32_t>(-n) % n;
    while (static_cast<std::uint32_t>(m) < threshold) m = std::uint64_t{next_u32()} * n;
  }
  return static_cast<std::uint32_t>(m >> 32);
}

float Rng::uniform() {
  return static_cast<float>(next_u32() >> 8) * 0x1p-24f;
}

float Rng::normal() {
  constexpr double kTwoPi = 6.283185307179586;
  // Box and Muller 1958: sqrt(-2 ln u) cos(2 pi v).
  const double u = (next_u32() + 1.0) * 0x1p-32;  // (0, 1]
  const double v = next_u32() * 0x1p-32;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(kTwoPi * v));
}

}  // namespace fovea
