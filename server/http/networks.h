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

// The key under which the requests of one client are counted: the address, or the first 64 bits of
// an IPv6 address, since one host may use all addresses of such a network.
std::string client_key(std::string_view address);

}  // namespace fovea::server
