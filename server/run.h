#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fovea::server {

struct RunOptions {
  std::filesystem::path model;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 = any free one
  std::filesystem::path www;  // page files from this folder; empty = those in the binary
  int threads = 0;            // inference threads; 0 = as many as the process may use
  std::uint64_t max_body = 32 << 20;
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{30'000};
  std::string log_level = "info";   // trace debug info warn error off
  std::string log_format = "text";  // text json
};

// Serves until SIGINT or SIGTERM and returns when drained. Prints one line with the address to
// stdout when ready; the log goes to stderr. Throws IoError and FormatError before that.
void run(const RunOptions& options);

// Where the model is when none was named: models/cifar10-small.safetensors below the data directory
// (may be empty), the working directory, the source tree of this executable or
// <prefix>/share/fovea. Throws IoError that lists the places.
std::filesystem::path find_default_model(const std::filesystem::path& data_dir);

}  // namespace fovea::server
