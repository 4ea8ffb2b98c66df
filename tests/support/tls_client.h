#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

// A TLS client on a connected socket. It trusts any certificate.
namespace fovea::tests {

struct TlsOptions {
  int max_version = TLS1_3_VERSION;
  std::string protocols;  // ALPN, each preceded by its length; empty = no ALPN
};

class TlsClient {
 public:
  explicit TlsClient(int socket, const TlsOptions& options = {})
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    std::signal(SIGPIPE, SIG_IGN);                  // OpenSSL writes without MSG_NOSIGNAL
    SSL_CTX_set_security_level(context_.get(), 0);  // allows old versions
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    ssl_.reset(SSL_new(context_.get()));
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(),
                          reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    SSL_set_fd(ssl_.get(), socket);
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("TLS handshake failed: " + reason());
  }

  // Like send() and recv() of a socket.
  long send(const char* data, std::size_t size) {
    ERR_clear_error();
    return SSL_write(ssl_.get(), data, static_cast<int>(size));
  }
  long receive(char* data, std::size_t size) {
    ERR_clear_error();
    errno = 0;
    const int n = SSL_read(ssl_.get(), data, static_cast<int>(size));
    received_close_notify_ = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
    return received_close_notify_ ? 0 : n;
  }

  bool received_close_notify() const { return received_close_notify_; }
  std::string protocol() const {  // selected by ALPN
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string peer_name() const {  // of the server's certificate
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_.get())),
                              NID_commonName, name, sizeof name);
    return name;
  }

 private:
  static std::string reason() {
    const char* text = ERR_reason_error_string(ERR_get_error());
    return text ? text : "the connection ended";
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool received_close_notify_ = false;
};

}  // namespace fovea::tests
