#include "tests/support/running_server.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

TEST_CASE("a connection is kept open until the client closes it", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
  CHECK(client.ask(post("/echo", "hello")).body == "POST /echo hello");
  CHECK(client.ask(get("/later")).body == "later");
  CHECK(client.ask(get("/echo", "Connection: close\r\n")).field("Connection") == "close");
  CHECK(client.at_end());
  Connection old(running.server.port());
  CHECK(old.ask("GET /echo HTTP/1.0\r\n\r\n").status == 200);
  CHECK(old.at_end());
}

TEST_CASE("pipelined requests are answered in order", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  client.send(get("/later") + post("/echo", "second") + get("/unknown") + get("/echo"));
  CHECK(client.read().body == "later");
  CHECK(client.read().body == "POST /echo second");
  CHECK(client.read().status == 404);
  CHECK(client.read().body == "GET /echo ");
}

TEST_CASE("a request sent byte by byte is accepted", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  for (const char c : post("/echo", "drip")) client.send({c});
  CHECK(client.read().body == "POST /echo drip");
}

TEST_CASE("HEAD has the header fields of GET and no body", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  const WireReply head = client.ask("HEAD /echo HTTP/1.1\r\nHost: test\r\n\r\n", true);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "11");
  CHECK(client.ask(get("/echo")).body == "GET /echo ");
}

TEST_CASE("an unknown path is 404 and a wrong verb is 405 with Allow", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  const WireReply missing_reply = client.ask(get("/none"));
  CHECK(missing_reply.status == 404);
  CHECK(missing_reply.field("Content-Type") == "application/problem+json");
  CHECK(client.ask("POST /none HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").status == 404);
  const WireReply wrong = client.ask("DELETE /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(wrong.status == 405);
  CHECK(wrong.field("Allow") == "GET, HEAD, POST");
}

TEST_CASE("every response has the security fields and a request id", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  const WireReply reply = client.ask(get("/echo"));
  CHECK_THAT(reply.field("Content-Security-Policy"), ContainsSubstring("default-src 'self'"));
  CHECK(reply.field("X-Content-Type-Options") == "nosniff");
  CHECK(reply.field("Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(reply.field("Cross-Origin-Embedder-Policy") == "require-corp");
  CHECK(reply.field("Cross-Origin-Resource-Policy") == "same-origin");
  CHECK(reply.field("X-Request-Id").size() == 16);
  CHECK(client.ask(get("/echo", "X-Request-Id: my-id_1\r\n")).field("X-Request-Id") == "my-id_1");
  const WireReply strange = client.ask(get("/none", "X-Request-Id: a b\"\x01\r\n"));
  CHECK(strange.field("X-Request-Id") != "a b");
  CHECK(Connection(running.server.port())
            .ask(get("/echo", "X-Request-Id: " + std::string(200, 'x') + "\r\n"))
            .field("X-Request-Id")
            .size() == 16);
}

TEST_CASE("every error is a problem with a request id and the security fields", "[server][http]") {
  ServerOptions options = test_options();
  options.head_timeout = 150ms;
  GuardOptions guard;
  guard.tokens = "admin:0123456789abcdef";
  options.guard = std::make_shared<Guard>(guard);
  Running running(options, {{"GET", "/same",
                             [](const Request&, App&) {
                               Reply reply;
                               reply.status = 304;
                               return reply;
                             },
                             Role::open},
                            {"GET", "/throws-openly", throwing, Role::open},
                            {"POST", "/open", echo, Role::open, 10}});
  const std::vector<std::pair<int, std::string>> cases{
      {304, get("/same")},
      {400, "nonsense\r\n\r\n"},
      {400, get("/%zz")},
      {401, get("/echo")},
      {401, get("/echo", "Authorization: Bearer 0123456789abcdeX\r\n")},
      {404, get("/none")},
      {405, "DELETE /same HTTP/1.1\r\nHost: test\r\n\r\n"},
      {408, "GET /ec"},
      {413, post("/open", std::string(11, 'x'))},
      {415, post("/open", "x", "Content-Encoding: gzip\r\n")},
      {415, post("/open", "x", "content-encoding: identity\r\nContent-Encoding: br\r\n")},
      {417, post("/open", "x", "Expect: tea\r\n")},
      {431, get("/same", "X: " + std::string(5000, 'x') + "\r\n")},
      {500, get("/throws-openly")},
      {501, "POST /open HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n"}};
  for (const auto& [status, request] : cases) {
    INFO(request);
    const WireReply reply = Connection(running.server.port()).ask(request);
    CHECK(reply.status == status);
    CHECK_THAT(reply.field("Content-Security-Policy"), ContainsSubstring("frame-ancestors 'none'"));
    for (const char* field : {"X-Content-Type-Options", "Cross-Origin-Opener-Policy",
                              "Cross-Origin-Resource-Policy", "Referrer-Policy", "X-Request-Id"}) {
      CHECK_FALSE(reply.field(field).empty());
    }
    CHECK(reply.field("Access-Control-Allow-Origin").empty());
    CHECK(reply.field("Strict-Transport-Security").empty());
    if (status == 304) continue;
    CHECK(reply.field("Content-Type") == "application/problem+json");
    const auto body = nlohmann::json::parse(reply.body);
    CHECK(body["status"] == reply.status);
    CHECK(body["request_id"] == reply.field("X-Request-Id"));
    CHECK(body["error"] == body["detail"]);
  }
}

TEST_CASE("a body with the encoding identity is accepted", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  CHECK(client.ask(post("/echo", "x", "Content-Encoding: Identity\r\n")).status == 200);
  const WireReply refused = client.ask(post("/echo", "x", "Content-Encoding: deflate\r\n"));
  CHECK(refused.field("Accept-Encoding") == "identity");
  CHECK_THAT(refused.body, ContainsSubstring("a compressed body is not supported"));
}

TEST_CASE("a body over the limit is 413 and the text states the limit", "[server][http]") {
  Running running;
  const auto rejected = [&](const std::string& request, const char* limit) {
    Connection client(running.server.port());
    const WireReply reply = client.ask(request);
    CHECK(reply.status == 413);
    CHECK_THAT(reply.body, ContainsSubstring(limit));
    CHECK(reply.field("Connection") == "close");
  };
  rejected(post("/echo", std::string(1001, 'x')), "1000 bytes");
  rejected(post("/small", std::string(11, 'x')), "10 bytes");
  rejected("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999\r\n\r\n",
           "1000 bytes");
  rejected(chunked("3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"), "1000 bytes");
  std::string drops;
  for (int i = 0; i < 300; ++i) drops += "4\r\nabcd\r\n";
  rejected(chunked(drops + "0\r\n\r\n"), "1000 bytes");
  Connection exact(running.server.port());
  CHECK(exact.ask(post("/echo", std::string(1000, 'x'))).status == 200);
  CHECK(exact.ask(post("/small", std::string(10, 'x'))).status == 200);
}

TEST_CASE("a client that keeps sending after 413 can read the response", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 8000000\r\n\r\n");
  for (int i = 0; i < 80; ++i) client.send(std::string(100'000, 'x'));
  CHECK(client.read().status == 413);
}

TEST_CASE("100-continue is sent before the body is read", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: ";
  CHECK(client.ask(head + "5\r\n\r\n").status == 100);
  CHECK(client.ask("hello").body == "POST /echo hello");
  CHECK(client.ask(head + "5000\r\n\r\n").status == 413);
  CHECK(Connection(running.server.port())
            .ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n")
            .status == 417);
}

TEST_CASE("malformed requests are 400 and close the connection", "[server][http]") {
  Running running;
  for (const std::string& request :
       {std::string("nonsense\r\n\r\n"),
        std::string("GET  /echo HTTP/1.1\r\nHost: t\r\n\r\n"),
        std::string("GET /echo HTTP/9.9\r\nHost: t\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost t\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost: t\r\nA: b\r\n c\x01\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\nHost: t\n\n"),
        std::string("GET /echo HTTP/1.1\r\nHost: t\nA: b\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost: t\rA: b\r\n\r\n"),
        std::string("GET /echo HTTP/1.1\r\nHost: t\r\nA: b\0c\r\n\r\n", 39),
        std::string("GET /echo HTTP/1.1\r\n A: b\r\nHost: t\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length : 1\r\n\r\nx"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: +1\r\n\r\nx"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1, 1\r\n\r\nx"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n"
                    "Content-Length: 1\r\n\r\nx"),
        std::string("GET /echo\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        chunked("3\nabc\n0\n\n\r\n"),
        chunked("3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1x\r\n\r\n"),
        std::string(
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        chunked("zz\r\nabc\r\n0\r\n\r\n"),
        chunked("3\r\nabcdef\r\n0\r\n\r\n"),
        chunked("ffffffffffffffffff\r\nabc"),
        chunked("-1\r\nabc\r\n")}) {
    INFO(request);
    Connection client(running.server.port());
    CHECK(client.ask(request).status == 400);
    CHECK(client.at_end());
  }
  check_alive(running);
}

TEST_CASE("dot segments and encoded slashes do not change the path", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  for (const char* path : {"/../echo", "/%2e%2e/echo", "/x/../echo", "/..\\echo", "/..%5cecho",
                           "//echo", "/echo/", "/echo/.", "/%252e%252e/echo", "/%c0%ae%c0%ae/echo",
                           "/echo%0d%0aX:y", "/ECHO", "/echo;x"}) {
    INFO(path);
    const WireReply reply = client.ask(get(path));
    CHECK(reply.status == 404);
    CHECK(reply.field("X").empty());
  }
  CHECK(client.ask(get("/%65cho")).status == 200);
}

TEST_CASE("a field that continues on the next line is rejected", "[server][http]") {
  Running running;
  for (const char* field : {"Transfer-Encoding:\r\n chunked", "Transfer-Encoding: chunked\r\n\t",
                            "X-Other: a\r\n b\r\nTransfer-Encoding: chunked"}) {
    Connection client(running.server.port());
    const WireReply reply = client.ask("POST /echo HTTP/1.1\r\nHost: t\r\n" + std::string(field) +
                                       "\r\n\r\n2\r\nok\r\n0\r\n\r\n" + get("/echo"));
    CHECK(reply.status == 400);
    CHECK_THAT(reply.body, ContainsSubstring("continues on the next line"));
    CHECK(client.at_end());
  }
}

TEST_CASE("well formed but invalid requests have specific statuses", "[server][http]") {
  Running running;
  const auto status = [&](const std::string& request) {
    return Connection(running.server.port()).ask(request).status;
  };
  CHECK(status("GET /echo HTTP/1.1\r\n\r\n") == 400);
  CHECK(status("GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  const WireReply odd = Connection(running.server.port()).ask(get("/echo%zz?a=1"));
  CHECK(odd.status == 400);
  CHECK(odd.body.find(R"("instance":"/echo%zz")") != std::string::npos);
  CHECK(status(get("/echo%00")) == 400);
  CHECK(status(get("echo")) == 400);
  CHECK(status(get("http://other/echo")) == 200);
  CHECK(status(get("http://user@other/echo")) == 400);
  CHECK(status(get("http:///echo")) == 400);
  CHECK(status(get("ftp://other/echo")) == 400);
  CHECK(status("CONNECT other:80 HTTP/1.1\r\nHost: other:80\r\n\r\n") == 400);
  CHECK(status("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n") == 501);
  CHECK(status(get("/echo", "X: " + std::string(5000, 'x') + "\r\n")) == 431);
}

TEST_CASE("an endless chunk extension is rejected", "[server][http]") {
  Running running;
  Connection client(running.server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
              std::string(300'000, 'x'));
  CHECK(client.read().status == 431);
  CHECK(client.at_end());
}

TEST_CASE("a request after a body of ambiguous length is not answered", "[server][http]") {
  Running running;
  for (const std::string& fields :
       {std::string("Transfer-Encoding: gzip\r\n"), std::string("Transfer-Encoding: xchunked\r\n"),
        std::string("Transfer-Encoding: gzip, chunked\r\n"),
        std::string("Transfer-Encoding: chunked, identity\r\n"),
        std::string("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"),
        std::string("Transfer-Encoding: gzip\r\nContent-Length: 0\r\n")}) {
    // On a path that supports POST and on one that does not.
    for (const std::string path : {"/echo", "/held"}) {
      INFO(path << ' ' << fields);
      Connection client(running.server.port());
      client.send("POST " + path + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + get("/echo"));
      const WireReply reply = client.read();
      CHECK((reply.status == 400 || reply.status == 501));
      CHECK(reply.field("Connection") == "close");
      CHECK(client.at_end());
    }
  }
  Connection old(running.server.port());
  old.send(
      "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n" +
      get("/echo"));
  CHECK(old.read().status == 400);
  CHECK(old.at_end());
  CHECK(Connection(running.server.port())
            .ask("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n")
            .status == 200);
}
