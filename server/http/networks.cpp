#include "server/http/networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

std::optional<Bytes> parse_address(std::string_view text) {
  Bytes bytes{};
  const std::string address(text);
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

bool same_prefix(const Bytes& a, const Bytes& b, int bits) {
  const int whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool is_mapped_v4(const Bytes& bytes) {
  static const Bytes mapped = *parse_address("::ffff:0:0");
  return same_prefix(bytes, mapped, 96);
}

}  // namespace

void Networks::add(const std::string& cidr) {
  const std::size_t slash = cidr.find('/');
  const auto bytes = parse_address(std::string_view(cidr).substr(0, slash));
  const bool v4 = cidr.find(':') == std::string::npos;
  int bits = v4 ? 32 : 128;
  const int most = bits;
  bool good = bytes.has_value();
  if (slash != std::string::npos) {
    const char* end = cidr.data() + cidr.size();
    const auto [stop, error] = std::from_chars(cidr.data() + slash + 1, end, bits);
    good = good && error == std::errc() && stop == end && bits >= 0 && bits <= most;
  }
  if (!good) {
    throw FormatError("\"" + cidr + "\" is no network such as 10.0.0.0/8 or an address");
  }
  networks_.push_back({*bytes, v4 ? bits + 96 : bits});
}

bool Networks::contains(std::string_view address) const {
  const auto bytes = parse_address(address);
  return bytes && std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
           return same_prefix(*bytes, network.bytes, network.bits);
         });
}

bool is_loopback(std::string_view address) {
  if (address == "localhost") return true;
  static const Networks loopback = [] {
    Networks networks;
    networks.add("127.0.0.0/8");
    networks.add("::1");
    return networks;
  }();
  return loopback.contains(address);
}

std::string client_key(std::string_view address) {
  const auto bytes = parse_address(address);
  if (!bytes || is_mapped_v4(*bytes)) return std::string(address);
  return {bytes->begin(), bytes->begin() + 8};
}

}  // namespace fovea::server
