#include <openssl/evp.h>

#include <future>

#include "engine/core/error.h"
#include "tests/support/running_server.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

// The protocol tests run over TLS as well, in the same executable; here is what only TLS has.

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

Reply torn(const Request&, App&) {
  Reply reply;
  reply.stream = make_pull_stream([i = 0]() mutable -> std::optional<std::string> {
    if (i++ == 1) throw std::runtime_error("the disk is gone");
    return "half";
  });
  return reply;
}

// Until a new connection gets the certificate of that name; files are looked at once a second.
bool comes_to_serve(std::uint16_t port, const std::string& name) {
  for (int i = 0; i < 100; ++i) {
    if (Connection(port).client().peer_name() == name) return true;
    std::this_thread::sleep_for(100ms);
  }
  return false;
}

}  // namespace

TEST_CASE("TLS 1.2 and 1.3 are spoken, older versions are refused") {
  Running running;
  const auto version = [&](int newest) {
    return Connection(running.server.port(), TlsWishes{newest, {}}).client().version();
  };
  CHECK(version(TLS1_3_VERSION) == "TLSv1.3");
  CHECK(version(TLS1_2_VERSION) == "TLSv1.2");
  CHECK_THROWS(version(TLS1_1_VERSION));
  CHECK_THROWS(version(TLS1_VERSION));
  check_alive(running);
}

TEST_CASE("of the protocols a client offers HTTP/1.1 is chosen, and one without it is refused") {
  Running running;
  const auto chosen = [&](const std::string& protocols) {
    return Connection(running.server.port(), TlsWishes{TLS1_3_VERSION, protocols})
        .client()
        .protocol();
  };
  CHECK(chosen(alpn({"h2", "http/1.1"})) == "http/1.1");
  CHECK(chosen("").empty());
  CHECK_THROWS_WITH(chosen(alpn({"h2"})), ContainsSubstring("no application protocol"));
  check_alive(running);
}

TEST_CASE("a request over TLS knows that it is one") {
  Running running(test_options(), {{"GET", "/scheme", show_scheme}});
  CHECK(Connection(running.server.port()).ask(get("/scheme")).body == "https");
}

TEST_CASE("the end of a connection is announced, after an answer and when the server stops") {
  Running running;
  Connection asked(running.server.port());
  CHECK(asked.ask(get("/echo", "Connection: close\r\n")).status == 200);
  CHECK(asked.at_end());
  CHECK(asked.client().heard_goodbye());
  Connection idle(running.server.port());
  CHECK(idle.ask(get("/echo")).status == 200);
  running.server.stop();
  CHECK(idle.at_end());
  CHECK(idle.client().heard_goodbye());
  running.stop();
  CHECK(running.cut == 0);
}

TEST_CASE(
    "an answer that breaks off is not followed by a goodbye, which would make it look whole") {
  Running running(test_options(), {{"GET", "/torn", torn}});
  Connection client(running.server.port());
  client.send("GET /torn HTTP/1.0\r\n\r\n");
  CHECK_THAT(client.read_to_end(), ContainsSubstring("half"));
  CHECK_FALSE(client.client().heard_goodbye());
  check_alive(running);
}

TEST_CASE("whoever speaks HTTP without TLS is told so") {
  Running running;
  PlainConnection client(running.server.port());
  const WireReply reply = client.ask(get("/echo"));
  CHECK(reply.status == 400);
  CHECK(reply.field("Content-Type") == "application/problem+json");
  CHECK(reply.field("X-Content-Type-Options") == "nosniff");
  CHECK_THAT(reply.body, ContainsSubstring("https://"));
  CHECK(client.at_end());
  PlainConnection rubbish(running.server.port());
  rubbish.send(std::string(300, '\x16'));
  CHECK_THAT(rubbish.read_to_end(), !ContainsSubstring("HTTP/1.1 200"));
  check_alive(running);
}

TEST_CASE("a client that does not finish its handshake is let go, and does not hold up a stop") {
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
  CHECK(running.cut == 0);
}

TEST_CASE("a client that never says goodbye does not hold up a stop") {
  Running running;
  PlainConnection raw(running.server.port());
  TlsClient client(raw.socket());  // finishes the handshake and does nothing more
  check_alive(running);
  running.stop();
  CHECK(running.cut == 0);
}

TEST_CASE("a new certificate is taken while the server runs; a broken one changes nothing") {
  CertificateFiles files;
  files.write(make_certificate(-3600, 3600, "first.test"));
  CertificateOptions certificate = files.options();
  std::mutex mutex;
  std::vector<std::string> told;
  certificate.on_change = certificate.on_problem = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    told.push_back(text);
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
    REQUIRE(told.size() == 1);  // once, not at each look
    CHECK_THAT(told[0], ContainsSubstring("cert.pem") && ContainsSubstring("PEM"));
  }
  files.write(make_certificate(-3600, 3600, "second.test"));
  CHECK(comes_to_serve(port, "second.test"));
  CHECK(old.ask(get("/echo")).status == 200);
  const std::lock_guard lock(mutex);
  CHECK_THAT(told.back(), ContainsSubstring("new certificate, valid until"));
}

TEST_CASE("a certificate that cannot serve is refused with a sentence that says why") {
  const CertificateFiles files;
  const CertificateOptions options = files.options();
  const auto refused = [&](const char* why) {
    CHECK_THROWS_WITH(Certificate(options), ContainsSubstring(why));
  };
  const KeyPair good = make_certificate(), other = make_certificate();
  files.write({good.certificate, other.key});
  refused("does not belong to");
  files.write(make_certificate(-7200, -3600));
  refused("expired on 20");
  files.write(make_certificate(3600, 7200));
  refused("is not valid before 20");
  files.write(make_certificate(-3600, 3600, "x", EVP_aes_128_cbc()));
  refused("has a passphrase");
  files.write({good.key, good.key});
  refused("cert.pem contains no CERTIFICATE");
  files.write({"rubbish", good.key});
  refused("cert.pem is not in PEM format");
  files.write({good.certificate, "rubbish"});
  refused("key.pem is not in PEM format");
  files.write({good.certificate, good.certificate});
  refused("key.pem contains no PRIVATE KEY");
  files.write({good.certificate, good.key.substr(0, 80)});
  refused("key.pem cannot be used");
  files.write({good.certificate, ""});
  refused("key.pem is not in PEM format");
  std::filesystem::remove(options.key);
  CHECK_THROWS_AS(Certificate(options), IoError);
  files.write(good);
  CHECK_THAT(Certificate(options).valid_until(), ContainsSubstring("UTC"));
}
