#pragma once

#include "engine/core/error.h"

namespace fovea {

// The system refused to write because there is no room: disk, quota or the largest allowed file.
class DiskFull : public IoError {
 public:
  DiskFull(const std::string& text, std::string words) : IoError(text), reason(std::move(words)) {}
  const std::string reason;  // the system's words alone
};

// Throws what errno says happened on the way to `action`: DiskFull or IoError.
[[noreturn]] void throw_io_error(const std::string& action);

}  // namespace fovea
