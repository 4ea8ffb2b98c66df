#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fovea::server {

// Keeps the data directory from other users of the machine: everything that this process and its
// child processes create from now on has no permissions for them (umask 077), and `folder`, which
// is created if it does not exist, becomes 0700. A folder of another owner, or whose group bit is
// set so that several users share it (setgid), stays as it is. Reports changes and what other users
// may still do. REQUIRES: no other thread creates files yet. Throws IoError naming the folder.
void make_private(const std::filesystem::path& folder,
                  const std::function<void(const std::string&)>& report);

// Throws ConfigError if users other than its owner and its group may read the file.
void require_private_file(const std::filesystem::path& file);

}  // namespace fovea::server
