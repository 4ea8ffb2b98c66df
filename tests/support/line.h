#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

#include "tests/support/tls_client.h"

// Byte streams for the HTTP client of the tests.
namespace fovea::tests {

class PlainClient {
 public:
  explicit PlainClient(int socket) : socket_(socket) {}
  long send(const char* data, std::size_t size) {
    return ::send(socket_, data, size, MSG_NOSIGNAL);
  }
  long receive(char* data, std::size_t size) { return ::recv(socket_, data, size, 0); }

 private:
  int socket_;
};

#if FOVEA_TEST_TLS
using Line = TlsClient;
#else
using Line = PlainClient;
#endif

// A socket connected to a server on this machine. Reading times out after 10 s, so that a server
// that hangs fails the test.
class ConnectedSocket {
 public:
  explicit ConnectedSocket(std::uint16_t port) : number_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{10, 0};
    setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(number_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(number_);
      throw std::runtime_error("cannot connect");
    }
  }
  ConnectedSocket(const ConnectedSocket&) = delete;
  ConnectedSocket& operator=(const ConnectedSocket&) = delete;
  ~ConnectedSocket() { ::close(number_); }
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace fovea::tests
