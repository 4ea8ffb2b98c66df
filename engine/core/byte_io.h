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

// Builds the contents of a binary file. Numbers are little-endian on every machine.
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
  // The length in `length_size` bytes, then the text, truncated to the largest length that fits
  // them.
  void text(const std::string& text, int length_size) {
    const std::uint64_t limit = (std::uint64_t{1} << (8 * length_size)) - 1;
    const std::size_t size = std::min<std::uint64_t>(text.size(), limit);
    number(size, length_size);
    bytes(text.data(), size);
  }
  // The bytes written so far, followed by their sha256, which check_digest() verifies.
  std::vector<std::uint8_t> take_with_digest() {
    Sha256 sha;
    sha.update(out_);
    const auto digest = sha.digest();
    bytes(digest.data(), digest.size());
    return std::move(out_);
  }

 private:
  std::vector<std::uint8_t> out_;
};

// Verifies the sha256 at the end of `bytes` and returns the bytes before it. Throws FormatError
// when it is wrong.
inline std::span<const std::uint8_t> check_digest(std::span<const std::uint8_t> bytes,
                                                  const std::string& what) {
  constexpr std::size_t kDigest = 32;
  if (bytes.size() < kDigest) throw FormatError(what + ": the file is truncated");
  const auto body = bytes.first(bytes.size() - kDigest);
  Sha256 sha;
  sha.update(body);
  const auto digest = sha.digest();
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - kDigest)) {
    throw FormatError(what + ": the sha256 of its " + std::to_string(bytes.size()) +
                      " bytes is wrong; the file is damaged");
  }
  return body;
}

// Reads the output of ByteWriter. Every length is checked against the remaining bytes. Throws
// FormatError; the text begins with `what`.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)) {}

  std::span<const std::uint8_t> bytes(std::size_t size) {
    if (size > left()) {
      fail(std::to_string(size) + " bytes expected at offset " + std::to_string(at_) + ", only " +
           std::to_string(left()) + " left");
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::uint64_t number(int size) {
    const auto from = bytes(size);
    std::uint64_t value = 0;
    for (int i = size - 1; i >= 0; --i) value = value << 8 | from[i];
    return value;
  }
  std::string text(int length_size) {
    const auto from = bytes(number(length_size));
    return {from.begin(), from.end()};
  }
  // Reads a u32 count of `things` of at least `min_size` bytes each. The count is checked against
  // the remaining bytes, so the caller may allocate that many.
  std::size_t count(std::size_t min_size, const char* things) {
    const std::uint64_t value = number(4);
    if (value > left() / min_size) {
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
