#pragma once

#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

// A request target, decoded.
struct Target {
  std::string host;  // host and port of the absolute form; empty in origin form
  std::string path;  // begins with '/'; may contain ".." segments
  Fields query;      // '+' is decoded to a space
};

// Parses a request target in origin form ("/a?b=c") or absolute form ("http://host/a"). Throws
// FormatError for any other form, an empty host, user information, an invalid percent escape and
// an encoded NUL.
Target parse_target(std::string_view target);

// Whether the value of a Host field is a host name, an IPv4 address or an IPv6 address in brackets,
// with or without a port (RFC 9110, 7.2), and nothing else.
bool is_valid_host(std::string_view host);

// Throws FormatError that begins with `what` if two hex digits do not follow a '%', and for %00.
std::string percent_decode(std::string_view text, bool plus_is_space,
                           std::string_view what = "the request target");

// Encodes all characters except letters, digits and -._~, for use as a value in a query.
std::string percent_encode(std::string_view text);

}  // namespace fovea::server
