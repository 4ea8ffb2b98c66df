#include "server/jobs/resources.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// The number that a file contains; nullopt for "max" and for a missing file.
std::optional<std::uint64_t> read_number(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

// The number after `name` in a file with lines "NAME NUMBER ...".
std::optional<std::uint64_t> read_entry(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string key, rest;
  while (in >> key) {
    if (key == name) {
      std::uint64_t number = 0;
      return in >> number ? std::optional(number) : std::nullopt;
    }
    std::getline(in, rest);
  }
  return std::nullopt;
}

// What is left below the limit of one cgroup. `cache_key`: the entry of memory.stat with the bytes
// of file pages that the kernel can drop.
std::uint64_t remaining(const fs::path& group, const char* limit_file, const char* usage_file,
                        const char* cache_key) {
  const auto limit = read_number(group / limit_file);
  const auto usage = read_number(group / usage_file);
  if (!limit || !usage) return kUnlimited;
  const std::uint64_t cached = read_entry(group / "memory.stat", cache_key).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, cached);
  return *limit - std::min(*limit, used);
}

// The minimum over the cgroup at `path` and all cgroups above it. In a container the root may be
// its own cgroup.
template <class Remaining>
std::uint64_t minimum_over_path(const fs::path& root, const std::string& path,
                                const Remaining& remaining_in) {
  std::uint64_t result = remaining_in(root);
  fs::path group = root;
  for (const fs::path& part : fs::path(path).relative_path()) {
    group /= part;
    result = std::min(result, remaining_in(group));
  }
  return result;
}

}  // namespace

std::uint64_t available_memory(const SystemFolders& folders) {
  const auto kilobytes = read_entry(folders.proc / "meminfo", "MemAvailable:");
  if (!kilobytes) throw IoError((folders.proc / "meminfo").string() + " has no MemAvailable");
  std::uint64_t result = *kilobytes * 1024;
  // Lines "ID:CONTROLLERS:PATH"; version 2 has no controllers.
  std::ifstream groups(folders.proc / "self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      result = std::min(result, minimum_over_path(folders.cgroup, path, [](const fs::path& group) {
                          return remaining(group, "memory.max", "memory.current", "inactive_file");
                        }));
    } else if (("," + controllers + ",").find(",memory,") != line.npos) {
      result = std::min(
          result, minimum_over_path(folders.cgroup / "memory", path, [](const fs::path& group) {
            return remaining(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file");
          }));
    }
  }
  return result;
}

std::uint64_t available_disk(const fs::path& folder) {
  std::error_code error;
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  const fs::space_info space = fs::space(existing, error);
  if (error) {
    throw IoError("cannot read the free disk space of " + existing.string() + ": " +
                  error.message());
  }
  return space.available;
}

}  // namespace fovea::server
