#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fovea::server {

struct Download {
  std::string url;             // http, https or file
  std::string sha256;          // of the complete file, 64 hex digits
  std::filesystem::path path;  // destination; "<path>.part" while incomplete
};

// Downloads a file. Continues a .part of an interrupted attempt (HTTP Range) if the server supports
// it. Does nothing if the destination exists with the right SHA-256. An exception from `progress`
// aborts the transfer. Throws IoError if the transfer fails (the .part stays) and FormatError if
// the SHA-256 differs (the .part is removed).
void download(const Download& file,
              const std::function<void(long long bytes, long long total)>& progress);

}  // namespace fovea::server
