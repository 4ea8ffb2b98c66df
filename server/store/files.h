#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fovea::server {

// Content-addressed, immutable files, named by the SHA-256 of their bytes: <folder>/ab/abcd... (64
// hex digits). Storing the same bytes twice makes one file. Any thread, any process.
class Files {
 public:
  explicit Files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Stores the bytes and returns their SHA-256. They are on disk on return. Throws IoError.
  std::string store(std::span<const std::uint8_t> bytes);
  // Stores several files with a single flush of the file system.
  void store_all(std::span<const std::span<const std::uint8_t>> files);
  // Throws IoError if there is no such file, FormatError if its bytes do not match the hash.
  std::vector<std::uint8_t> read(const std::string& sha256) const;
  bool exists(const std::string& sha256) const;
  // Removes temporary files left by a crash: those last written before that time. REQUIRES: none of
  // them is being written.
  void remove_unfinished(std::chrono::seconds older_than = {});
  void remove(const std::string& sha256);  // does nothing if there is no such file
  std::vector<std::string> list() const;   // the hashes of all files, in no order
  // The first bytes of a file, at most 64; fewer if it cannot be read.
  std::vector<std::uint8_t> head(const std::string& sha256) const;

  // Marks a file that is about to be stored and then named elsewhere, so that a crash in between
  // leaves a mark and not a file that nothing names. The mark is on disk on return.
  void announce(const std::string& sha256);
  void withdraw(const std::string& sha256);  // once it is named
  std::vector<std::string> announced() const;
  // The path of the file, whether it exists or not. Throws FormatError unless `sha256` is 64
  // lower-case hex digits.
  std::filesystem::path path(const std::string& sha256) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace fovea::server
