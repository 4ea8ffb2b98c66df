#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fovea::server {

// Files that never change, named by the sha256 of their bytes: <folder>/ab/abcd... (64 hex digits).
// Any thread, any process: storing the same bytes twice is one file.
class Files {
 public:
  explicit Files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Stores the bytes and returns their sha256. When it returns they are on the disk. Throws
  // IoError.
  std::string store(std::span<const std::uint8_t> bytes);
  // The same for many, with one flush of the disk for all.
  void store_all(std::span<const std::span<const std::uint8_t>> files);
  // Throws IoError when there is no such file, FormatError when its bytes have another hash (a bad
  // disk, a meddler).
  std::vector<std::uint8_t> read(const std::string& sha256) const;
  bool exists(const std::string& sha256) const;
  // Removes what a crash left of files that were being written. REQUIRES: nobody writes now.
  void remove_unfinished();
  void remove(const std::string& sha256);  // no such file: nothing happens
  // Where it lies or would lie. Throws FormatError unless it is 64 lower-case hex digits.
  std::filesystem::path path(const std::string& sha256) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace fovea::server
