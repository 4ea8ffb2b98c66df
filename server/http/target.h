#pragma once

#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

struct Target {
  std::string host;  // of the absolute form, with its port; empty in origin form
  std::string
      path;      // decoded, begins with '/', may still hold ".." (the file server refuses those)
  Fields query;  // decoded, '+' is a space
};

// A request target in origin form ("/a?b=c") or absolute form ("http://host/a"). Throws FormatError
// on anything else, on a host that is empty or has a user, on a bad percent escape and on an
// encoded NUL.
Target parse_target(std::string_view target);

// Throws FormatError that begins with `what` on a '%' that two hex digits do not follow and on %00.
std::string percent_decode(std::string_view text, bool plus_is_space,
                           std::string_view what = "the address");

// The text as one value of a query: all but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace fovea::server
