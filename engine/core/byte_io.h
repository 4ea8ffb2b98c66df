#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace fovea {

// Makes the bytes of a file of ours. Numbers are little-endian, whatever the machine.
class ByteWriter {
 public:
  explicit ByteWriter(std::size_t expected = 0) { out_.reserve(expected); }

  void bytes(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    out_.insert(out_.end(), from, from + size);
  }
  void number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  // Its length in `length_size` bytes, then the text, cut to what the length can say.
  void text(const std::string& text, int length_size) {
    const std::uint64_t most = (std::uint64_t{1} << (8 * length_size)) - 1;
    const std::size_t size = std::min<std::uint64_t>(text.size(), most);
    number(size, length_size);
    bytes(text.data(), size);
  }
  // Everything written, and behind it its sha256: what signed_body() checks.
  std::vector<std::uint8_t> take_signed() {
    Sha256 sha;
    sha.update(out_);
    const auto digest = sha.digest();
    bytes(digest.data(), digest.size());
    return std::move(out_);
  }

 private:
  std::vector<std::uint8_t> out_;
};

// The bytes without the sha256 that they end with. Throws FormatError when it is not theirs.
inline std::span<const std::uint8_t> signed_body(std::span<const std::uint8_t> bytes,
                                                 const std::string& what) {
  constexpr std::size_t kDigest = 32;
  if (bytes.size() < kDigest) throw FormatError(what + ": cut off");
  const auto body = bytes.first(bytes.size() - kDigest);
  Sha256 sha;
  sha.update(body);
  const auto digest = sha.digest();
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - kDigest)) {
    throw FormatError(what + ": its sha256 does not match its " + std::to_string(bytes.size()) +
                      " bytes, the file is damaged");
  }
  return body;
}

// Reads such bytes and believes no length in them. Throws FormatError that begins with `what`.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)) {}

  std::span<const std::uint8_t> bytes(std::size_t size) {
    if (size > left()) {
      fail(std::to_string(size) + " bytes expected at " + std::to_string(at_) + ", " +
           std::to_string(left()) + " are left");
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::uint64_t number(int size) {
    const auto from = bytes(static_cast<std::size_t>(size));
    std::uint64_t value = 0;
    for (int i = size - 1; i >= 0; --i) value = value << 8 | from[std::size_t(i)];
    return value;
  }
  std::string text(int length_size) {
    const auto from = bytes(number(length_size));
    return {from.begin(), from.end()};
  }
  // A u32 count of things that take at least `least` bytes each, which cannot exceed what is left.
  std::size_t count(std::size_t least, const char* things) {
    const std::uint64_t value = number(4);
    if (value > left() / least) {
      fail(std::to_string(value) + " " + things + " do not fit into " + std::to_string(left()) +
           " bytes");
    }
    return value;
  }
  std::size_t left() const { return bytes_.size() - at_; }
  [[noreturn]] void fail(const std::string& problem) const {
    throw FormatError(what_ + ": " + problem);
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::string what_;
  std::size_t at_ = 0;
};

}  // namespace fovea
