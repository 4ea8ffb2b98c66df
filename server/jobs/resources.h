#pragma once

#include <cstdint>
#include <filesystem>

namespace fovea::server {

// Where the kernel reports memory; tests use other folders.
struct SystemFolders {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

// Bytes of memory that another process can use before the OOM killer acts: the minimum of the
// machine's MemAvailable and of what is left below the memory limit of each cgroup of this process
// (v1 or v2, all levels), where inactive file pages count as free. Throws IoError if /proc/meminfo
// has no MemAvailable.
std::uint64_t available_memory(const SystemFolders& folders = {});

// Bytes available to this user on the file system of the folder; if it does not exist, of the
// nearest existing folder above it. Throws IoError.
std::uint64_t available_disk(const std::filesystem::path& folder);

}  // namespace fovea::server
