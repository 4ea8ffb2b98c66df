#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace fovea {

// Writes a zip archive as a stream: only the bytes that were not taken yet are in memory. One
// owner.
class ZipWriter {
 public:
  ZipWriter();
  ~ZipWriter();

  // Adds a file. `path` is UTF-8, `time` seconds since 1970. Pass compress = false for data that is
  // compressed already (JPEG, PNG). Throws IoError.
  void add(const std::string& path, std::span<const std::uint8_t> bytes, std::int64_t time,
           bool compress);
  void finish();       // writes the end of the archive
  std::string take();  // the bytes written since the last take()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fovea
