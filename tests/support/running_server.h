#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/http/problem.h"
#include "server/http/server.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/http_client.h"
#include "tests/support/small_app.h"
#include "tests/support/temporary_folder.h"

// A server on a free port with handlers for tests of the transport.
namespace fovea::tests {

using namespace fovea::server;
using namespace std::chrono_literals;

// Holds responses back until the test opens it.
class Gate {
 public:
  void hold(Respond respond) {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(respond));
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return held_.size() >= count; })) {
      throw std::runtime_error("the request did not reach its handler");
    }
  }
  void open() {
    std::vector<Respond> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (Respond& respond : held) {
      Reply reply;
      reply.body = "late";
      respond(std::move(reply));
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Respond> held_;
};

inline Gate gate;

inline Reply echo(const Request& request, App&) {
  Reply reply;
  reply.fields = {{"Content-Type", "text/plain"}};
  reply.body = request.verb + ' ' + request.path + ' ' + request.body;
  return reply;
}
inline Reply throwing(const Request&, App&) {
  throw std::runtime_error("secret detail");
}
inline void held(std::shared_ptr<const Request>, App&, Respond respond) {
  gate.hold(std::move(respond));
}
inline void later(std::shared_ptr<const Request>, App&, Respond respond) {
  Reply reply;
  reply.body = "later";
  std::jthread([respond, reply] { respond(reply); }).detach();
}
inline Reply missing(const Request& request, App&) {
  return problem(request, 404, "nothing here");
}

// A certificate in new files, which a test may change.
class CertificateFiles {
 public:
  CertificateFiles() { write(make_certificate()); }
  void write(const KeyPair& pair) const {
    write_text(options().certificate, pair.certificate);
    write_text(options().key, pair.key);
  }
  CertificateOptions options() const {
    return {folder_.path() / "cert.pem", folder_.path() / "key.pem", {}, {}};
  }

 private:
  TemporaryFolder folder_;
};

inline ServerOptions test_options() {
  ServerOptions options;
#if FOVEA_TEST_TLS
  static const auto certificate = std::make_shared<Certificate>(CertificateFiles().options());
  options.certificate = certificate;
#endif
  options.port = 0;
  options.problem_of = problem_of;
  options.max_body = 1000;
  options.max_head = 2000;
  options.drain_timeout = 5s;
  return options;
}

inline std::vector<Route> with_common(std::vector<Route> routes) {
  const std::vector<Route> common{{"GET", "/echo", echo},       {"POST", "/echo", echo},
                                  {"POST", "/small", echo, 10}, {"GET", "/held", held},
                                  {"GET", "/later", later},     {"GET", "/throws", throwing}};
  routes.insert(routes.end(), common.begin(), common.end());
  return routes;
}

struct Running {
  explicit Running(ServerOptions options = test_options(), std::vector<Route> more = {})
      : server(std::move(options)),
        router(with_common(std::move(more)), missing),
        thread([this] { cut_off = server.run(router, app); }) {}
  ~Running() { stop(); }
  void stop() {
    server.stop();
    if (thread.joinable()) thread.join();
  }

  Server server;
  App app = make_app();
  Router router;
  int cut_off = -1;
  std::thread thread;
};

inline std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body,
                        const std::string& fields = "") {
  return "POST " + path +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}
inline std::string chunked(const std::string& chunks) {
  return "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
}

inline void check_alive(Running& running) {
  CHECK(Connection(running.server.port()).ask(get("/echo")).status == 200);
}

}  // namespace fovea::tests
