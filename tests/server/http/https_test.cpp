#include <openssl/evp.h>

#include <future>

#include "engine/core/error.h"
#include "tests/support/running_server.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

// The same executable runs the protocol tests over TLS. These tests are about TLS itself.

namespace {

using PlainConnection = ConnectionOver<PlainClient>;

std::string alpn(std::initializer_list<std::string> names) {
  std::string text;
  for (const std::string& name : names) text += static_cast<char>(name.size()) + name;
  return text;
}

Reply show_scheme(const Request& request, App&) {
  Reply reply;
  reply.body = request.secure ? "https" : "http";
  return reply;
}

Reply truncated(const Request&, App&) {
  Reply reply;
  reply.stream = make_pull_stream([i = 0]() mutable -> std::optional<std::string> {
    if (i++ == 1) throw std::runtime_error("the disk is gone");
    return "half";
  });
  return reply;
}

// Waits until a new connection gets the certificate of this name; the files are checked once a
// second.
bool wait_for_certificate(std::uint16_t port, const std::string& name) {
  for (int i = 0; i < 100; ++i) {
    if (Connection(port).client().peer_name() == name) return true;
    std::this_thread::sleep_for(100ms);
  }
  return false;
}

}  // namespace

TEST_CASE("TLS 1.2 and 1.3 are accepted and older versions are rejected", "[server][http]") {
  Running running;
  const auto version = [&](int max_version) {
    return Connection(running.server.port(), TlsOptions{max_version, {}}).client().version();
  };
  CHECK(version(TLS1_3_VERSION) == "TLSv1.3");
  CHECK(version(TLS1_2_VERSION) == "TLSv1.2");
  CHECK_THROWS(version(TLS1_1_VERSION));
  CHECK_THROWS(version(TLS1_VERSION));
  check_alive(running);
}

TEST_CASE("ALPN selects HTTP/1.1 and rejects a client without it", "[server][http]") {
  Running running;
  const auto selected = [&](const std::string& protocols) {
    return Connection(running.server.port(), TlsOptions{TLS1_3_VERSION, protocols})
        .client()
        .protocol();
  };
  CHECK(selected(alpn({"h2", "http/1.1"})) == "http/1.1");
  CHECK(selected("").empty());
  CHECK_THROWS_WITH(selected(alpn({"h2"})), ContainsSubstring("no application protocol"));
  check_alive(running);
}

TEST_CASE("a request over TLS is marked as secure", "[server][http]") {
  Running running(test_options(), {{"GET", "/scheme", show_scheme}});
  CHECK(Connection(running.server.port()).ask(get("/scheme")).body == "https");
}

TEST_CASE("closing a connection sends a TLS close_notify", "[server][http]") {
  Running running;
  Connection closing(running.server.port());
  CHECK(closing.ask(get("/echo", "Connection: close\r\n")).status == 200);
  CHECK(closing.at_end());
  CHECK(closing.client().received_close_notify());
  Connection idle(running.server.port());
  CHECK(idle.ask(get("/echo")).status == 200);
  running.server.stop();
  CHECK(idle.at_end());
  CHECK(idle.client().received_close_notify());
  running.stop();
  CHECK(running.cut_off == 0);
}

TEST_CASE("a truncated response is not followed by a TLS close_notify", "[server][http]") {
  Running running(test_options(), {{"GET", "/truncated", truncated}});
  Connection client(running.server.port());
  client.send("GET /truncated HTTP/1.0\r\n\r\n");
  CHECK_THAT(client.read_to_end(), ContainsSubstring("half"));
  CHECK_FALSE(client.client().received_close_notify());
  check_alive(running);
}

TEST_CASE("plain HTTP on an HTTPS port gets an error response", "[server][http]") {
  Running running;
  PlainConnection client(running.server.port());
  const WireReply reply = client.ask(get("/echo"));
  CHECK(reply.status == 400);
  CHECK(reply.field("Content-Type") == "application/problem+json");
  CHECK(reply.field("X-Content-Type-Options") == "nosniff");
  CHECK_THAT(reply.body, ContainsSubstring("https://"));
  CHECK(client.at_end());
  PlainConnection garbage(running.server.port());
  garbage.send(std::string(300, '\x16'));
  CHECK_THAT(garbage.read_to_end(), !ContainsSubstring("HTTP/1.1 200"));
  check_alive(running);
}

TEST_CASE("an unfinished handshake times out and does not delay a shutdown", "[server][http]") {
  ServerOptions options = test_options();
  options.head_timeout = 150ms;
  {
    Running running(options);
    PlainConnection silent(running.server.port());
    CHECK(silent.at_end());
    PlainConnection half(running.server.port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
    CHECK(half.at_end());
  }
  options.head_timeout = 60s;
  Running running(options);
  PlainConnection silent(running.server.port());
  check_alive(running);
  running.server.stop();
  CHECK(silent.at_end());
  running.stop();
  CHECK(running.cut_off == 0);
}

TEST_CASE("a client that does not close its TLS session does not delay a shutdown",
          "[server][http]") {
  Running running;
  PlainConnection raw(running.server.port());
  TlsClient client(raw.socket());  // completes the handshake and then does nothing
  check_alive(running);
  running.stop();
  CHECK(running.cut_off == 0);
}

TEST_CASE("a new certificate is loaded while the server runs and an invalid one is ignored",
          "[server][http]") {
  CertificateFiles files;
  files.write(make_certificate(-3600, 3600, "first.test"));
  CertificateOptions certificate = files.options();
  std::mutex mutex;
  std::vector<std::string> messages;
  certificate.on_change = certificate.on_problem = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    messages.push_back(text);
  };
  ServerOptions options = test_options();
  options.certificate = std::make_shared<Certificate>(certificate);
  Running running(options);
  const std::uint16_t port = running.server.port();
  Connection old(port);
  CHECK(old.client().peer_name() == "first.test");

  write_text(certificate.certificate, "no certificate");
  std::this_thread::sleep_for(1100ms);
  CHECK(Connection(port).client().peer_name() == "first.test");
  std::this_thread::sleep_for(1100ms);
  CHECK(Connection(port).client().peer_name() == "first.test");
  {
    const std::lock_guard lock(mutex);
    REQUIRE(messages.size() == 1);  // once, not at every check
    CHECK_THAT(messages[0], ContainsSubstring("cert.pem") && ContainsSubstring("PEM"));
  }
  files.write(make_certificate(-3600, 3600, "second.test"));
  CHECK(wait_for_certificate(port, "second.test"));
  CHECK(old.ask(get("/echo")).status == 200);
  const std::lock_guard lock(mutex);
  CHECK_THAT(messages.back(), ContainsSubstring("new certificate, valid until"));
}

TEST_CASE("an unusable certificate is rejected with the reason", "[server][http]") {
  const CertificateFiles files;
  const CertificateOptions options = files.options();
  const auto check_rejected = [&](const char* reason) {
    CHECK_THROWS_WITH(Certificate(options), ContainsSubstring(reason));
  };
  const KeyPair good = make_certificate(), other = make_certificate();
  files.write({good.certificate, other.key});
  check_rejected("does not belong to");
  files.write(make_certificate(-7200, -3600));
  check_rejected("expired on 20");
  files.write(make_certificate(3600, 7200));
  check_rejected("is not valid before 20");
  files.write(make_certificate(-3600, 3600, "x", EVP_aes_128_cbc()));
  check_rejected("has a passphrase");
  files.write({good.key, good.key});
  check_rejected("cert.pem contains no CERTIFICATE");
  files.write({"garbage", good.key});
  check_rejected("cert.pem is not in PEM format");
  files.write({good.certificate, "garbage"});
  check_rejected("key.pem is not in PEM format");
  files.write({good.certificate, good.certificate});
  check_rejected("key.pem contains no PRIVATE KEY");
  files.write({good.certificate, good.key.substr(0, 80)});
  check_rejected("key.pem cannot be used");
  files.write({good.certificate, ""});
  check_rejected("key.pem is not in PEM format");
  std::filesystem::remove(options.key);
  CHECK_THROWS_AS(Certificate(options), IoError);
  files.write(good);
  CHECK_THAT(Certificate(options).valid_until(), ContainsSubstring("UTC"));
}
