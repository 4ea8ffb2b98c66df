#pragma once

#include <cstdint>
#include <filesystem>

namespace fovea::server {

// Where the system tells of itself; others in tests.
struct SystemFolders {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

// Bytes of memory that a further process may take before something is killed for it: the least of
// what the machine has available and of what is left below the limit of this process's cgroups
// (v1 or v2, every level), where pages of files that can be dropped count as free. Throws IoError
// when the machine does not tell.
std::uint64_t available_memory(const SystemFolders& folders = {});

// Bytes left for this user on the disk of the folder, or of the nearest one above that exists.
std::uint64_t available_disk(const std::filesystem::path& folder);

}  // namespace fovea::server
