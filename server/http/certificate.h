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
  std::filesystem::path certificate;  // PEM; the server's own first, then those that vouch for it
  std::filesystem::path key;          // PEM, without a passphrase
  // Of files that changed, once each; any thread.
  std::function<void(const std::string&)> on_change;   // taken
  std::function<void(const std::string&)> on_problem;  // not taken, and why
};

// The certificate of an HTTPS server and how TLS is spoken with it: 1.2 or newer, ciphers with
// forward secrecy, HTTP/1.1 as the only protocol of ALPN. The files are read again when they
// change; new ones that do not work leave the old ones in service. Thread contract: any.
class Certificate {
 public:
  using Context = boost::asio::ssl::context;

  // Throws IoError when a file cannot be read and FormatError when they make no certificate to
  // serve with: no PEM, a key with a passphrase or of another certificate, expired, not valid yet.
  explicit Certificate(CertificateOptions options);

  // For a new connection. Looks at the files at most once a second.
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
  Files seen_;           // what the files held last
  Loaded loaded_;        // of the last that worked
  std::string problem_;  // told already
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace fovea::server
