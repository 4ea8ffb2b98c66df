#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace fovea::server {

struct CertificateOptions {
  std::filesystem::path certificate;  // PEM: the server's certificate, then the intermediate ones
  std::filesystem::path key;          // PEM, without a passphrase
  // Called once for each change of the files, on any thread.
  std::function<void(const std::string&)> on_change;   // the new certificate is in use
  std::function<void(const std::string&)> on_problem;  // it is not in use, and why
};

// The certificate of an HTTPS server, and its TLS settings: version 1.2 or newer, ciphers with
// forward secrecy, HTTP/1.1 as the only ALPN protocol. The files are read again when they change.
// If the new ones are invalid, the old certificate stays in use. Any thread.
class Certificate {
 public:
  using Context = boost::asio::ssl::context;

  // Throws IoError if a file cannot be read, and FormatError if the certificate cannot be used: not
  // PEM, a key with a passphrase or of another certificate, expired, not valid yet.
  explicit Certificate(CertificateOptions options);

  // The context for a new connection. Checks the files at most once a second.
  std::shared_ptr<Context> context();
  std::string valid_until() const;  // "2027-01-31 12:00:00 UTC"

 private:
  struct Files {
    std::string certificate, key;  // texts
    bool operator==(const Files&) const = default;
  };
  struct Loaded {
    std::shared_ptr<Context> context;
    std::string valid_until;
  };
  Files read_files() const;
  Loaded load(const Files& files) const;

  const CertificateOptions options_;
  mutable std::mutex mutex_;
  Files files_;          // when they were last read
  Loaded loaded_;        // the last valid certificate
  std::string problem_;  // that was reported last
  std::chrono::steady_clock::time_point checked_;
};

}  // namespace fovea::server
