#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// The part of HDF5 that Keras uses: groups, text attributes and arrays of 32-bit floats. Paths
// begin at the root: "model_weights/conv2d_0/kernel". Only hdf5_file.cpp includes the HDF5 library.
// Thread contract: the library is not thread-safe; one thread of the process may use these classes
// at a time.

// A file in memory. Errors of the library are thrown as FormatError.
class Hdf5Writer {
 public:
  Hdf5Writer();
  ~Hdf5Writer();
  // Creates the group and its missing parents.
  void create_group(const std::string& group);
  // `group` is "/" or an existing group.
  void write_text(const std::string& group, const std::string& attribute, const std::string& text);
  void write_texts(const std::string& group, const std::string& attribute,
                   const std::vector<std::string>& texts);
  // Row-major. REQUIRES: as many values as the shape has.
  void write_floats(const std::string& path, const std::vector<std::int64_t>& shape,
                    std::span<const float> values);
  std::vector<std::uint8_t> bytes();

 private:
  struct File;
  std::unique_ptr<File> file_;
};

// Reads from memory. Throws FormatError naming the object when it is missing, has another type or
// exceeds a limit: 16 MiB per text attribute, 65,536 texts, 2^31 floats, 8 dimensions. Links into
// other files and data outside the file are rejected.
class Hdf5Reader {
 public:
  static bool recognises(std::span<const std::uint8_t> bytes);  // by the signature

  explicit Hdf5Reader(std::span<const std::uint8_t> bytes);
  ~Hdf5Reader();
  // Nothing when the group has no such attribute.
  std::optional<std::string> text(const std::string& group, const std::string& attribute) const;
  // A list of texts; Keras splits a long one into attributes NAME0, NAME1, ...
  std::vector<std::string> texts(const std::string& group, const std::string& attribute) const;
  std::vector<std::int64_t> shape(const std::string& path) const;
  // Row-major. REQUIRES: as many values as the shape has. Any floating-point type is converted.
  void read_floats(const std::string& path, std::span<float> values) const;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace fovea
