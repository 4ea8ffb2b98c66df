#pragma once

#include <string_view>

namespace fovea::server {

// The project whose paths have no prefix, and whose data directory is that of the server.
inline constexpr std::string_view kDefaultProject = "default";

// Whether the text can be the name of a project: 1 to 64 characters of a-z, 0-9 and '-', beginning
// with a letter or digit. So it is safe as a folder, in URLs and in labels of metrics.
bool is_project_name(std::string_view text);

}  // namespace fovea::server
