#pragma once

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/line.h"

// An HTTP client that sends exactly the given bytes, so that tests can send malformed requests.
// Uses TLS if FOVEA_TEST_TLS is set, so that the same tests cover both.
namespace fovea::tests {

struct WireReply {
  int status = 0;
  std::string head;  // status line and fields
  std::string body;

  // Value of a field (exact name); empty if absent.
  std::string field(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

template <class Client>
class ConnectionOver {
 public:
  template <class... Options>
  explicit ConnectionOver(std::uint16_t port, const Options&... options)
      : socket_(port), client_(socket_.number(), options...) {}

  // False if the peer does not accept all bytes.
  bool send(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
      const long n = client_.send(text.data() + done, text.size() - done);
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return true;
  }

  // The next response; status 0 if the connection ended.
  WireReply read(bool head_request = false) {
    WireReply reply;
    std::size_t end;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return reply;
    }
    reply.head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    reply.status = std::stoi(reply.head.substr(9, 3));
    if (!head_request && reply.field("Transfer-Encoding") == "chunked") {
      if (!hold_chunks) {
        for (std::string chunk; !(chunk = read_chunk()).empty();) reply.body += chunk;
      }
      return reply;
    }
    const std::string length = reply.field("Content-Length");
    const std::size_t size = head_request || length.empty() ? 0 : std::stoul(length);
    while (pending_.size() < size) {
      if (!receive()) throw std::runtime_error("the body is cut off");
    }
    reply.body = pending_.substr(0, size);
    pending_.erase(0, size);
    return reply;
  }

  WireReply ask(const std::string& text, bool head_request = false) {
    send(text);
    return read(head_request);
  }

  // The next chunk of a body; empty at its end. Throws if the connection ends before.
  std::string read_chunk() {
    std::size_t line;
    while ((line = pending_.find("\r\n")) == std::string::npos) {
      if (!receive()) throw std::runtime_error("the body is cut off");
    }
    const std::size_t size = std::stoul(pending_.substr(0, line), nullptr, 16);
    while (pending_.size() < line + 2 + size + 2) {
      if (!receive()) throw std::runtime_error("the body is cut off");
    }
    const std::string chunk = pending_.substr(line + 2, size);
    pending_.erase(0, line + 2 + size + 2);
    return chunk;
  }
  // The next bytes, at most 64 KiB; empty if the connection ended.
  std::string read_some() {
    if (pending_.empty()) receive();
    return std::exchange(pending_, {});
  }
  // All bytes until the connection ends.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(pending_, {});
  }

  bool hold_chunks = false;  // read() does not read a chunked body

  bool at_end() { return pending_.empty() && !receive(); }
  Client& client() { return client_; }
  int socket() const { return socket_.number(); }

 private:
  bool receive() {
    char buffer[65536];
    const long n = client_.receive(buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      throw std::runtime_error("the server did not respond within 10 s");
    }
    if (n <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  ConnectedSocket socket_;
  Client client_;
  std::string pending_;
};
using Connection = ConnectionOver<Line>;

}  // namespace fovea::tests
