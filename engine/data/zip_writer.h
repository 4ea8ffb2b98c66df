#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace fovea {

// Makes a zip archive piece by piece: nothing of it is kept but what was not taken yet. One owner.
class ZipWriter {
 public:
  ZipWriter();
  ~ZipWriter();

  // A file in the archive; `path` is UTF-8, `time` seconds since 1970. What is compressed already
  // (JPEG, PNG) is stored as it is. Throws IoError.
  void add(const std::string& path, std::span<const std::uint8_t> bytes, std::int64_t time,
           bool compress);
  void finish();
  std::string take();  // what was made since the last take

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace fovea
