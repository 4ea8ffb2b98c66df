#include "server/http/target.h"

#include <algorithm>

#include <boost/url/authority_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/grammar/lut_chars.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

namespace urls = boost::urls;

// Removes "http://host:port" from the front of the target and returns host and port.
std::string take_host(std::string_view& target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) {
    throw FormatError("the request target does not begin with '/'");
  }
  const std::size_t end = std::min(target.find_first_of("/?", scheme + 3), target.size());
  const auto url = urls::parse_uri({target.data(), end});
  if (!url || (url->scheme_id() != urls::scheme::http && url->scheme_id() != urls::scheme::https)) {
    throw FormatError("the request target is not an http or https URL");
  }
  if (url->encoded_host().empty() || url->has_userinfo()) {
    throw FormatError("the request target has no host, or has user information");
  }
  target.remove_prefix(end);
  const urls::string_view host = url->encoded_host_and_port();
  return {host.data(), host.size()};
}

// Browsers leave characters such as | and [ in a query, which RFC 3986 does not allow: encodes
// them.
std::string encode_disallowed(std::string_view target) {
  constexpr auto kAllowed = urls::pchars + '/' + '?';
  std::string result;
  for (const char c : target) {
    if (c == '%') {
      result += c;
    } else {
      result += urls::encode({&c, 1}, kAllowed);
    }
  }
  return result;
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_space, std::string_view what) {
  const auto encoded = urls::make_pct_string_view({text.data(), text.size()});
  if (!encoded) throw FormatError(std::string(what) + " has a '%' without two hex digits");
  urls::encoding_opts options;
  options.space_as_plus = plus_is_space;
  std::string decoded = encoded->decode(options);
  if (decoded.find('\0') != std::string::npos) {
    throw FormatError(std::string(what) + " contains a NUL (%00)");
  }
  return decoded;
}

Target parse_target(std::string_view target) {
  const bool invalid = std::any_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (invalid) throw FormatError("the request target contains a blank or a control character");
  target = target.substr(0, target.find('#'));
  Target result;
  if (!target.starts_with('/')) result.host = take_host(target);
  std::string origin_form = encode_disallowed(target);
  if (!origin_form.starts_with('/')) origin_form.insert(0, "/");  // "http://host?query"
  const auto url = urls::parse_origin_form(origin_form);
  if (!url) throw FormatError("the request target has a '%' without two hex digits");
  const auto decoded = [](urls::string_view text, bool plus_is_space) {
    return percent_decode({text.data(), text.size()}, plus_is_space);
  };
  result.path = decoded(url->encoded_path(), false);
  for (const auto param : url->encoded_params()) {
    if (param.key.empty() && !param.has_value) continue;  // "a=1&&b=2"
    result.query.emplace_back(decoded(param.key, true), decoded(param.value, true));
  }
  return result;
}

bool is_valid_host(std::string_view host) {
  const auto authority = urls::parse_authority({host.data(), host.size()});
  return authority && !authority->has_userinfo() && !authority->encoded_host().empty() &&
         authority->host_type() != urls::host_type::ipvfuture;
}

std::string percent_encode(std::string_view text) {
  return urls::encode({text.data(), text.size()}, urls::unreserved_chars);
}

}  // namespace fovea::server
