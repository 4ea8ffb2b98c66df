#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fovea::server {

struct Download {
  std::string url;             // http, https or file
  std::string sha256;          // 64 hex digits the whole file must have
  std::filesystem::path path;  // where it goes; beside it, "<path>.part" while it is incomplete
};

// Downloads a file, continuing a .part left by an interrupted attempt (HTTP Range; from the start
// when the server cannot). A file already there with the right sha256 is not fetched again.
// What progress throws ends the transfer. Throws IoError when it fails (the .part stays),
// FormatError when the sha256 differs (the .part is removed).
void download(const Download& what,
              const std::function<void(long long bytes, long long total)>& progress);

}  // namespace fovea::server
