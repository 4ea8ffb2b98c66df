#pragma once

#include <string>
#include <string_view>

namespace fovea::server {

// The text without the given characters at both ends.
std::string_view trim(std::string_view text, std::string_view blanks = " \t");
// ASCII letters in lower case.
std::string lower(std::string_view text);
// The text before the first separator; `text` becomes what follows it. The whole text, and an empty
// rest, when there is no separator.
std::string_view take_until(std::string_view& text, std::string_view separators);

// At most `bytes` bytes of the text, without a part of a UTF-8 character at the end.
std::string_view cut(std::string_view text, std::size_t bytes);

}  // namespace fovea::server
