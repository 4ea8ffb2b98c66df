#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea::server {

// Numbers and lists as people read them.

std::string counted(std::int64_t n);                           // "10,000"
std::string counted(std::int64_t n, const std::string& what);  // "1 image", "10,000 images"
// "97.7 %", "12 %"; what is neither nothing nor all never reads as 0 or 100 %.
std::string percent(double share);
std::string fixed(double value, int digits);  // "0.98"
std::string milliseconds(double ms);          // "0.41 ms", "12 ms"
// "cat" is "Cat": class names as the legacy API spells them.
std::string capitalized(std::string name);
// A name that could be taken for a number or a stop gets quotation marks: "4".
std::string named(const std::string& name);
std::string joined(const std::vector<std::string>& list);                  // "a, b and c"
std::string some_of(std::vector<std::string> list, std::size_t most = 4);  // "a, b and 7 more"

}  // namespace fovea::server
