#include "server/http/target.h"

#include <algorithm>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes "http://host" off the target; the host.
std::string_view take_host(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_name(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::string_view host = target.substr(0, target.find_first_of("/?#"));
    target.remove_prefix(host.size());
    if (host.empty() || host.find('@') != std::string_view::npos) {
      throw FormatError("the address has no host, or one with a user");
    }
    return host;
  }
  return {};
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_space, std::string_view what) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        throw FormatError(std::string(what) + " has a '%' without two hex digits");
      }
      if (high == 0 && low == 0) throw FormatError(std::string(what) + " holds a NUL (%00)");
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

Target parse_target(std::string_view target) {
  const bool odd = std::any_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (odd) throw FormatError("the address holds a blank or a control character");
  const std::string_view host = take_host(target);
  const bool bare = !host.empty() && (target.empty() || target.front() != '/');  // "http://host?q"
  if (!bare && (target.empty() || target.front() != '/')) {
    throw FormatError("the request target does not begin with '/'");
  }
  target = target.substr(0, target.find('#'));
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string path = percent_decode(target.substr(0, mark), false);
  Target result{std::string(host), bare ? "/" : path, {}};
  std::string_view rest = target.substr(std::min(mark + 1, target.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    result.query.emplace_back(percent_decode(pair.substr(0, equals), true),
                              percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace fovea::server
