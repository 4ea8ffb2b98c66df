#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "server/http/net.h"

namespace fovea::server {

// The bytes of one connection: a TCP socket, with TLS over it or without. Asio and Beast read from
// it and write to it as from any stream; which of the two it is costs them one branch. One read and
// one write at a time, on the socket's strand.
class Transport {
 public:
  using executor_type = Socket::executor_type;  // NOLINT(readability-identifier-naming): Asio's
  using TlsContext = std::shared_ptr<asio::ssl::context>;

  Transport(Socket socket, TlsContext tls);  // none: without TLS
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }  // to wait for it, to cancel what waits for it, to close it
  bool is_secure() const { return tls_.has_value(); }

  Task<ErrorCode> handshake();  // before anything else; at once without TLS
  Task<void> shutdown();        // so that the peer can tell an end from a cut; ends by cancel()
  // After handshake() failed: when the peer speaks HTTP without TLS, so does this from now on.
  bool goes_on_without_tls(ErrorCode error);

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto&& done, const Buffers& where) {
          tls_ ? tls_->async_read_some(where, std::forward<decltype(done)>(done))
               : socket_.async_read_some(where, std::forward<decltype(done)>(done));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto&& done, const Buffers& what) {
          tls_ ? tls_->async_write_some(what, std::forward<decltype(done)>(done))
               : socket_.async_write_some(what, std::forward<decltype(done)>(done));
        },
        token, buffers);
  }

 private:
  // Flat: head and body of a short answer travel in one record.
  using Tls = beast::flat_stream<asio::ssl::stream<Socket&>>;

  Socket socket_;
  std::optional<Tls> tls_;
  TlsContext context_;
};

}  // namespace fovea::server
