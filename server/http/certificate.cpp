#include "server/http/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/http/net.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

constexpr std::uint64_t kMaxFileSize = 1 << 20;

// `label`: the PEM label that the file should contain.
[[noreturn]] void reject(const std::string& name, const std::string& text, const std::string& label,
                         const ErrorCode& error) {
  if (text.find("-----BEGIN") == std::string::npos) {
    throw FormatError(name + " is not in PEM format");
  }
  if (text.find(label + "-----") == std::string::npos) {
    throw FormatError(name + " contains no " + label);
  }
  throw FormatError(name + " cannot be used: " + error.message());
}

std::string read_text(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file, kMaxFileSize);
  return {bytes.begin(), bytes.end()};
}

std::string time_text(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return "an unknown time";
  return format_utc("%Y-%m-%d %H:%M:%S UTC", std::chrono::system_clock::from_time_t(timegm(&utc)));
}

// Selects HTTP/1.1 from the ALPN protocols of the client. Rejects a client that offers only others
// (RFC 7301, 3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::string_view kProtocol = "http/1.1";
  std::string_view rest(reinterpret_cast<const char*>(offered), offered_size);
  while (!rest.empty()) {
    const std::size_t size = static_cast<unsigned char>(rest[0]);
    if (rest.substr(1, size) == kProtocol) {
      *chosen = reinterpret_cast<const unsigned char*>(kProtocol.data());
      *chosen_size = kProtocol.size();
      return SSL_TLSEXT_ERR_OK;
    }
    rest.remove_prefix(std::min(rest.size(), size + 1));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Replaces OpenSSL's default, which would prompt for a passphrase on the terminal.
int no_passphrase(char*, int, int, void* key_is_protected) {
  if (key_is_protected) *static_cast<bool*>(key_is_protected) = true;
  return -1;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // TLS 1.2; 1.3 has no others
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);      // clients resume with tickets
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

void check_times(const X509* certificate, const std::string& name) {
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  if (X509_cmp_current_time(end) < 0) {
    throw FormatError(name + " expired on " + time_text(end));
  }
  if (X509_cmp_current_time(begin) > 0) {
    throw FormatError(name + " is not valid before " + time_text(begin));
  }
}

}  // namespace

Certificate::Certificate(CertificateOptions options)
    : options_(std::move(options)),
      files_(read_files()),
      loaded_(load(files_)),
      checked_(std::chrono::steady_clock::now()) {}

Certificate::Files Certificate::read_files() const {
  return {read_text(options_.certificate), read_text(options_.key)};
}

Certificate::Loaded Certificate::load(const Files& files) const {
  const std::string certificate_name = "the certificate " + options_.certificate.string();
  const std::string key_name = "the key " + options_.key.string();
  const auto context = std::make_shared<Context>(Context::tls_server);
  SSL_CTX* native = context->native_handle();
  configure(native);
  ErrorCode error;
  context->use_certificate_chain(asio::buffer(files.certificate), error);
  if (error) reject(certificate_name, files.certificate, "CERTIFICATE", error);
  check_times(SSL_CTX_get0_certificate(native), certificate_name);
  bool protected_key = false;
  SSL_CTX_set_default_passwd_cb_userdata(native, &protected_key);
  context->use_private_key(asio::buffer(files.key), Context::pem, error);
  SSL_CTX_set_default_passwd_cb_userdata(native, nullptr);
  if (protected_key) {
    throw FormatError(key_name + " has a passphrase; write a copy without one: openssl pkey -in " +
                      options_.key.string() + " -out NEW");
  }
  if (ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH ||
      (!error && SSL_CTX_check_private_key(native) != 1)) {
    throw FormatError(key_name + " does not belong to " + certificate_name);
  }
  if (error) reject(key_name, files.key, "PRIVATE KEY", error);
  return {context, time_text(X509_get0_notAfter(SSL_CTX_get0_certificate(native)))};
}

std::shared_ptr<Certificate::Context> Certificate::context() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - checked_ < std::chrono::seconds(1)) return loaded_.context;
  checked_ = now;
  try {
    Files files = read_files();
    if (files == files_) return loaded_.context;
    files_ = std::move(files);
    loaded_ = load(files_);
    problem_.clear();
    if (options_.on_change) {
      options_.on_change("HTTPS uses a new certificate, valid until " + loaded_.valid_until);
    }
  } catch (const std::exception& error) {
    if (std::exchange(problem_, error.what()) != problem_ && options_.on_problem) {
      options_.on_problem("HTTPS keeps the old certificate: " + problem_);
    }
  }
  return loaded_.context;
}

std::string Certificate::valid_until() const {
  const std::lock_guard lock(mutex_);
  return loaded_.valid_until;
}

}  // namespace fovea::server
