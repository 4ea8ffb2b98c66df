#pragma once

// The three errors the engine throws. The text always names the offending thing and its numbers;
// nothing in the engine prints, exits or aborts on bad input.

#include <stdexcept>
#include <string>

namespace fovea {

// A description does not fit: shapes, layer arguments, options.
class ShapeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Bytes from outside are not what they claim to be: images, archives, model files.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The operating system refused: missing file, no permission, disk full.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fovea
