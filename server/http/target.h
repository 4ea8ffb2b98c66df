#pragma once

#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

struct Target {
  std::string
      path;      // decoded, begins with '/', may still hold ".." (the file server refuses those)
  Fields query;  // decoded, '+' is a space
};

// A request target in origin form ("/a?b=c") or absolute form ("http://host/a"). Throws FormatError
// on anything else, on a bad percent escape and on an encoded NUL.
Target parse_target(std::string_view target);

// Throws FormatError on a '%' that two hex digits do not follow, and on %00.
std::string percent_decode(std::string_view text, bool plus_is_space);

// The text as one value of a query: all but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace fovea::server
