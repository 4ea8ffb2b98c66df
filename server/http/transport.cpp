#include "server/http/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace fovea::server {

Transport::Transport(Socket socket, TlsContext tls)
    : socket_(std::move(socket)), context_(std::move(tls)) {
  if (context_) tls_.emplace(socket_, *context_);
}

Task<ErrorCode> Transport::handshake() {
  if (!tls_) co_return ErrorCode();
  const auto [error] =
      co_await tls_->next_layer().async_handshake(asio::ssl::stream_base::server, kAwait);
  co_return error;
}

Task<void> Transport::shutdown() {
  if (!tls_) co_return;
  // Do not wait for the peer's close_notify (RFC 8446, 6.1).
  SSL* native = tls_->next_layer().native_handle();
  SSL_set_shutdown(native, SSL_get_shutdown(native) | SSL_RECEIVED_SHUTDOWN);
  co_await tls_->next_layer().async_shutdown(kAwait);
}

bool Transport::drop_tls_for_plain_http(ErrorCode error) {
  const bool plain =
      error.category() == asio::error::get_ssl_category() &&
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
  if (plain) tls_.reset();
  return plain;
}

}  // namespace fovea::server
