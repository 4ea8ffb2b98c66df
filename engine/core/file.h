#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace fovea {

// A write failed because the disk or quota is full or the file would exceed the maximum file size.
class DiskFull : public IoError {
 public:
  DiskFull(const std::string& text, std::string system_reason)
      : IoError(text), reason(std::move(system_reason)) {}
  const std::string reason;  // the system's error text alone
};

// Throws DiskFull or IoError for the current errno. `action` is the operation that failed; the text
// is "<action>: <error text of the system>".
[[noreturn]] void throw_io_error(const std::string& action);

// The whole file, or all that comes from a pipe. Throws IoError naming the path; FormatError when
// it is larger than max_bytes.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t max_bytes = std::uint64_t{1} << 32);

// Creates the folder and its missing parents, and fsyncs them. Throws
// IoError naming the folder.
void create_folders(const std::filesystem::path& folder);

// The permissions of a new file: 0666 without the umask of the process, which mkstemp() ignores.
// The umask is read at the first call.
unsigned new_file_mode();

// Replaces a file so that a crash at any instant leaves the old or the new contents, never a mix:
// writes a temporary file beside it, fsyncs it, renames it, fsyncs the folder. Creates the folder.
// Throws IoError naming the path.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace fovea
