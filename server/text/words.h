#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea::server {

// Numbers and lists in human-readable form.

std::string counted(std::int64_t n);                           // "10,000"
std::string counted(std::int64_t n, const std::string& noun);  // "1 image", "10,000 images"
// "97.7 %", "12 %". Only 0 reads as "0 %" and only 1 as "100 %".
std::string percent(double fraction);
std::string fixed(double value, int digits);  // "0.98"
std::string milliseconds(double ms);          // "0.41 ms", "12 ms"
// "Cat" for "cat": class names as the legacy API spells them.
std::string capitalized(std::string name);
// A class name for use in a sentence; in quotation marks if it could be misread there, because it
// has no letter or contains punctuation: cat, traffic light, "4", "cat, dog".
std::string named(const std::string& name);
std::string joined(const std::vector<std::string>& list);                  // "a, b and c"
std::string some_of(std::vector<std::string> list, std::size_t most = 4);  // "a, b and 7 more"

}  // namespace fovea::server
