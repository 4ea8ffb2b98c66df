#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fovea {

// Reads a class name as it comes from a folder, a request or a form: converts it to Unicode NFC and
// removes invisible characters and the white space around it. The result has 1 to 64 characters,
// at most 200 bytes, without control characters, '/' and '\\' and without a leading dot, because an
// export uses it as a folder name. Throws FormatError naming the rule that is violated. See
// docs/decisions/0024-class-names.md.
std::string parse_class_name(std::string_view text);

// The position of a class in the list: the same name, else one that parse_class_name() maps to the
// same name (lists that older versions stored may have such names). classes.size() if there is
// none.
std::size_t find_class(const std::vector<std::string>& classes, const std::string& name);

// The pairs of different names that readers may confuse, at least one of which is in `names`: they
// differ only in case, separators, compatibility forms, or Cyrillic and Greek letters that look
// like Latin ones.
std::vector<std::pair<std::string, std::string>> find_look_alikes(
    const std::vector<std::string>& classes, const std::vector<std::string>& names);

}  // namespace fovea
