#include "server/http/networks.h"

#include <algorithm>
#include <optional>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short kV4Prefix = 96;  // bits before the IPv4 address in ::ffff:a.b.c.d

// IPv4 as ::ffff:a.b.c.d, so that one comparison serves both kinds.
std::optional<ip::address_v6> parse_address(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

std::optional<ip::network_v6> parse_network(const std::string& cidr) {
  boost::system::error_code error;
  if (cidr.find('/') == std::string::npos) {
    if (const auto address = parse_address(cidr)) return ip::network_v6(*address, 128);
    return std::nullopt;
  }
  if (cidr.find(':') != std::string::npos) {
    const ip::network_v6 network = ip::make_network_v6(cidr, error);
    return error ? std::nullopt : std::optional(network);
  }
  const ip::network_v4 network = ip::make_network_v4(cidr, error);
  if (error) return std::nullopt;
  return ip::network_v6(ip::make_address_v6(ip::v4_mapped, network.address()),
                        static_cast<unsigned short>(kV4Prefix + network.prefix_length()));
}

// ":8080".
bool is_port(std::string_view text) {
  constexpr std::size_t kDigits = 5;
  return text.size() > 1 && text.size() <= kDigits + 1 && text.front() == ':' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

}  // namespace

void Networks::add(const std::string& cidr) {
  const auto network = parse_network(cidr);
  if (!network) {
    throw FormatError("\"" + cidr + "\" is not a network such as 10.0.0.0/8 or an address");
  }
  networks_.push_back({network->address().to_bytes(), network->prefix_length()});
}

bool Networks::contains(std::string_view address) const {
  const auto wanted = parse_address(address);
  return wanted && std::any_of(networks_.begin(), networks_.end(), [&](const Network& each) {
           const ip::network_v6 network(ip::address_v6(each.bytes), each.bits);
           return ip::network_v6(*wanted, each.bits).network() == network.network();
         });
}

bool is_loopback(std::string_view address) {
  if (address == "localhost") return true;
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  return parsed->is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, *parsed).is_loopback()
                                : parsed->is_loopback();
}

std::string plain_address(std::string_view text) {
  constexpr std::size_t kLongest = 64;  // of an address with brackets and port
  if (text.size() > kLongest) return {};
  if (text.starts_with('[')) {  // an IPv6 address, and perhaps a port
    const std::size_t end = text.find(']');
    const std::string_view rest = end == text.npos ? "-" : text.substr(end + 1);
    if (!rest.empty() && !is_port(rest)) return {};
    text = text.substr(1, end - 1);
    if (text.find(':') == text.npos) return {};
  } else if (const std::size_t colon = text.find(':');
             colon != text.npos && text.find(':', colon + 1) == text.npos) {
    if (!is_port(text.substr(colon))) return {};  // an IPv4 address and a port
    text = text.substr(0, colon);
  }
  const auto address = parse_address(text);
  if (!address) return {};
  if (address->is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, *address).to_string();
  return address->to_string();
}

std::string client_key(std::string_view address) {
  const auto parsed = parse_address(address);
  if (!parsed) return {};
  const auto bytes = parsed->to_bytes();
  if (parsed->is_v4_mapped()) return {bytes.begin(), bytes.end()};
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace fovea::server
