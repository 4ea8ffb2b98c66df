#pragma once

#include <string>

namespace fovea::server {

// A class name as the older clients' paths spell it: "cat" is "Cat".
std::string ancestor_class_name(std::string name);

}  // namespace fovea::server
