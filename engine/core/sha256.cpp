#include "engine/core/sha256.h"

#include "engine/core/text.h"

#ifdef __EMSCRIPTEN__
#include <algorithm>
#include <bit>
#else
#include <openssl/evp.h>

#include "engine/core/error.h"
#endif

namespace fovea {

#ifdef __EMSCRIPTEN__
namespace {

// First 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
constexpr std::uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

}  // namespace

struct Sha256::State {
  // H(0): first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3).
  std::array<std::uint32_t, 8> hash{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block{};  // input that does not fill a block yet
  std::size_t filled = 0;                // bytes of it
  std::uint64_t length = 0;              // of the message so far, bytes

  void compress(const std::uint8_t* bytes);
  void update(std::span<const std::uint8_t> bytes);
  std::array<std::uint8_t, 32> digest();
};

// One block of 64 bytes (section 6.2.2).
void Sha256::State::compress(const std::uint8_t* bytes) {
  // 1. The message schedule: 16 big-endian words of the block, then 48 derived from them.
  std::uint32_t w[64];
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = std::uint32_t{bytes[4 * i]} << 24 | std::uint32_t{bytes[4 * i + 1]} << 16 |
           std::uint32_t{bytes[4 * i + 2]} << 8 | bytes[4 * i + 3];
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
  }
  // 2. and 3. 64 rounds over the working variables.
  auto [a, b, c, d, e, f, g, h] = hash;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t t1 = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                             ((e & f) ^ (~e & g)) + kRound[i] + w[i];
    const std::uint32_t t2 =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  // 4. Add them to the hash.
  const std::uint32_t add[8] = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) hash[i] += add[i];
}

void Sha256::State::update(std::span<const std::uint8_t> bytes) {
  length += bytes.size();
  while (!bytes.empty()) {
    if (filled == 0 && bytes.size() >= 64) {
      compress(bytes.data());
      bytes = bytes.subspan(64);
      continue;
    }
    const std::size_t take = std::min(bytes.size(), 64 - filled);
    std::copy_n(bytes.data(), take, block.data() + filled);
    filled += take;
    bytes = bytes.subspan(take);
    if (filled == 64) {
      compress(block.data());
      filled = 0;
    }
  }
}

// Padding (section 5.1.1): a 1 bit, zeros up to 8 bytes before the end of a block, then the
// message's length in bits, big-endian.
std::array<std::uint8_t, 32> Sha256::State::digest() {
  const std::uint64_t bits = length * 8;
  const std::uint8_t one = 0x80, zero = 0;
  update({&one, 1});
  while (filled != 56) update({&zero, 1});
  std::uint8_t tail[8];
  for (std::size_t i = 0; i < 8; ++i) tail[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  update(tail);
  std::array<std::uint8_t, 32> out;
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<std::uint8_t>(hash[i / 4] >> (24 - 8 * (i % 4)));
  }
  return out;
}

#else

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() {
    // Fetched once for the process: looking the algorithm up costs more than hashing a short text.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    check(context != nullptr && algorithm != nullptr &&
          EVP_DigestInit_ex2(context, algorithm, nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void update(std::span<const std::uint8_t> bytes) {
    check(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
  }
  std::array<std::uint8_t, 32> digest() {
    std::array<std::uint8_t, 32> out;
    check(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
    return out;
  }

 private:
  static void check(bool good) {
    if (!good) throw IoError("OpenSSL cannot compute a SHA-256");
  }
};

#endif

Sha256::Sha256() : state_(std::make_unique<State>()) {}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::uint8_t> bytes) {
  state_->update(bytes);
}

std::array<std::uint8_t, 32> Sha256::digest() {
  return state_->digest();
}

std::string Sha256::hex() {
  return to_hex(digest());
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  Sha256 sha;
  sha.update(bytes);
  return sha.hex();
}

}  // namespace fovea
