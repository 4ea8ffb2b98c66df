#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "server/http/net.h"

namespace fovea::server {

// The byte stream of one connection: a TCP socket, with or without TLS. Asio and Beast use it like
// any stream. One read and one write at a time, on the socket's strand.
class Transport {
 public:
  using executor_type = Socket::executor_type;  // NOLINT(readability-identifier-naming): Asio's
  using TlsContext = std::shared_ptr<asio::ssl::context>;

  Transport(Socket socket, TlsContext tls);  // a null context: without TLS
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }  // to wait, cancel and close
  bool is_secure() const { return tls_.has_value(); }

  Task<ErrorCode> handshake();  // before any read or write; returns at once without TLS
  Task<void> shutdown();  // sends the TLS end, so that the peer can detect a truncated response
  // After handshake() failed with `error`: if the peer speaks HTTP without TLS, drops TLS, so that
  // an error response can be sent. Returns whether it did.
  bool drop_tls_for_plain_http(ErrorCode error);

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
  // flat_stream sends head and body of a short response in one TLS record.
  using Tls = beast::flat_stream<asio::ssl::stream<Socket&>>;

  Socket socket_;
  std::optional<Tls> tls_;
  TlsContext context_;
};

}  // namespace fovea::server
