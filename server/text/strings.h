#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

// The text without the given characters at both ends.
std::string_view trim(std::string_view text, std::string_view blanks = " \t");
// ASCII letters in lower case.
std::string lower(std::string_view text);
// The text before the first separator; `text` becomes what follows it. The whole text, and an empty
// rest, when there is no separator.
std::string_view take_until(std::string_view& text, std::string_view separators);
// "a, b, c"
std::string join(const std::vector<std::string>& list, std::string_view separator = ", ");

// The double with the same shortest decimal form as the float: 0.1f is sent as 0.1 and not as
// 0.10000000149011612, and reads back as the same float.
double shortest(float value);

}  // namespace fovea::server
