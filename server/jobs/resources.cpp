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

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

// The number in a file of one; nullopt for "max" and for a file that is not there.
std::optional<std::uint64_t> read_number(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

// The number after `name` in a file of such lines.
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

std::uint64_t left(const fs::path& group, const char* limit_file, const char* usage_file,
                   const char* droppable) {
  const auto limit = read_number(group / limit_file);
  const auto usage = read_number(group / usage_file);
  if (!limit || !usage) return kAll;
  const std::uint64_t files = read_entry(group / "memory.stat", droppable).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, files);
  return *limit - std::min(*limit, used);
}

// The least over the group and all above it. A container may see its own group as the top.
template <class Left>
std::uint64_t least(const fs::path& top, const std::string& path, const Left& left_in) {
  std::uint64_t result = left_in(top);
  fs::path group = top;
  for (const fs::path& part : fs::path(path).relative_path()) {
    group /= part;
    result = std::min(result, left_in(group));
  }
  return result;
}

}  // namespace

std::uint64_t available_memory(const SystemFolders& folders) {
  const auto kilobytes = read_entry(folders.proc / "meminfo", "MemAvailable:");
  if (!kilobytes) throw IoError((folders.proc / "meminfo").string() + " has no MemAvailable");
  std::uint64_t result = *kilobytes * 1024;
  std::ifstream groups(folders.proc / "self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      result = std::min(result, least(folders.cgroup, path, [](const fs::path& group) {
                          return left(group, "memory.max", "memory.current", "inactive_file");
                        }));
    } else if (("," + controllers + ",").find(",memory,") != line.npos) {
      result = std::min(result, least(folders.cgroup / "memory", path, [](const fs::path& group) {
                          return left(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                      "total_inactive_file");
                        }));
    }
  }
  return result;
}

std::uint64_t available_disk(const fs::path& folder) {
  std::error_code error;
  fs::path place = fs::absolute(folder);
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const fs::space_info space = fs::space(place, error);
  if (error) throw IoError("cannot measure the disk of " + place.string() + ": " + error.message());
  return space.available;
}

}  // namespace fovea::server
