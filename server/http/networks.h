#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

// A list of networks. Immutable once filled; safe from many threads.
class Networks {
 public:
  // "10.0.0.0/8", "::1/128" or a single address. Throws FormatError naming the text.
  void add(const std::string& cidr);
  bool contains(std::string_view address) const;  // false for what is no address
  bool empty() const { return networks_.empty(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Network {
    Bytes bytes;
    int bits;
  };
  std::vector<Network> networks_;
};

bool is_loopback(std::string_view address);  // an address, or "localhost"

// What one client is counted by: the address, of IPv6 the first 64 bits, which one host may fill.
std::string client_key(std::string_view address);

}  // namespace fovea::server
