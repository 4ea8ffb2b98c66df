#pragma once

#include <array>
#include <cstdint>

namespace fovea {

// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011, section 3.3). The n-th number is a function of
// (seed, stream, n) alone: there is no state to save, and neither threads nor order matter.
// A value type; copies are independent. The numbers are the same on every platform.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  // An independent child: same seed, a stream derived from (stream, id). Use one per purpose,
  // epoch, image, layer.
  Rng split(std::uint64_t id) const;

  std::uint32_t next_u32();
  std::uint32_t below(std::uint32_t n);  // 0 <= result < n, unbiased. REQUIRES: n > 0
  float uniform();                       // 0 <= result < 1, 24 random bits
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  float normal();  // mean 0, variance 1 (Box-Muller)

  // The four numbers of one counter value.
  static std::array<std::uint32_t, 4> block(std::uint64_t seed, std::uint64_t stream,
                                            std::uint64_t counter);
  // The numbers of kBlocks consecutive counter values, computed together with vector instructions:
  // number j of counter first_counter + i is out[j * kBlocks + i].
  static constexpr int kBlocks = 16;
  void blocks(std::uint64_t first_counter, std::uint32_t* out) const;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 4> buffer_{};
  int used_ = 4;
};

}  // namespace fovea
