#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

// A list of IP networks. Safe from many threads once it is filled.
class Networks {
 public:
  // A network in CIDR notation ("10.0.0.0/8", "::1/128") or a single address. Throws FormatError
  // that quotes the text.
  void add(const std::string& cidr);
  bool contains(std::string_view address) const;  // false if it is not an address
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    std::array<std::uint8_t, 16> bytes;  // IPv4 as ::ffff:a.b.c.d
    unsigned short bits;                 // of the prefix
  };
  std::vector<Network> networks_;
};

bool is_loopback(std::string_view address);  // an address, or "localhost"

// An address without its port and in its shortest form, IPv4 also when it is mapped into IPv6:
// "1.2.3.4:80" and "::ffff:1.2.3.4" -> "1.2.3.4", "[2001:DB8::1]:80" -> "2001:db8::1". Empty if the
// text is not an address.
std::string plain_address(std::string_view text);

// The key under which the requests of one client are counted: the address, or the first 64 bits of
// an IPv6 address, since one host may use all addresses of such a network. One key for all texts
// that are not addresses.
std::string client_key(std::string_view address);

}  // namespace fovea::server
