#include <nlohmann/json.hpp>
#include <thread>

#include "server/api/problem_of.h"
#include "server/api/routes.h"
#include "server/http/server.h"
#include "tests/support/catch.h"
#include "tests/support/http_client.h"
#include "tests/support/images.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;

namespace {

// The complete service on a socket, as in `fovea serve`.
struct Service {
  Service() : thread([this] { server.run(router, app); }) {}
  ~Service() {
    server.stop();
    thread.join();
  }

  static ServerOptions options() {
    ServerOptions options;
    options.port = 0;
    options.problem_of = problem_of;
    return options;
  }
  static AppOptions two_threads() {
    AppOptions options;
    options.inference_threads = 2;
    return options;
  }

  Server server{options()};
  App app = make_app(two_threads());
  Router router = make_router();
  std::thread thread;
};

std::string post(const std::string& path, const std::vector<std::uint8_t>& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: t\r\nContent-Type: image/png\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body.begin(), body.end());
}

}  // namespace

TEST_CASE("each of several concurrent clients gets the predictions for its images",
          "[server][api]") {
  Service service;
  const std::vector<std::string> names{"grey.png", "alpha.png", "rgb.bmp", "exif6.jpg"};
  std::vector<std::string> expected;
  for (const std::string& name : names) {
    const std::string body =
        Connection(service.server.port()).ask(post("/api/v1/predict", image_bytes(name))).body;
    expected.push_back(nlohmann::json::parse(body)["results"][0]["top"].dump());
  }
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&, c] {
      Connection client(service.server.port());
      for (int i = 0; i < 20; ++i) {
        const std::size_t which = (c + i) % names.size();
        const WireReply reply = client.ask(post("/api/v1/predict", image_bytes(names[which])));
        if (reply.status != 200) continue;
        const auto top = nlohmann::json::parse(reply.body)["results"][0]["top"];
        const auto expected_top = nlohmann::json::parse(expected[which]);
        right += top[0]["index"] == expected_top[0]["index"] &&
                 std::abs(top[0]["probability"].get<float>() -
                          expected_top[0]["probability"].get<float>()) < 1e-5f;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(right == 120);
}

TEST_CASE("the legacy API has a smaller body limit", "[server][api]") {
  Service service;
  const std::string head =
      " HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 20000000\r\n\r\n";
  const WireReply rejected = Connection(service.server.port()).ask("POST /api/predict" + head);
  CHECK(rejected.status == 413);
  CHECK_THAT(rejected.body, ContainsSubstring("16777216 bytes"));
  CHECK(Connection(service.server.port()).ask("POST /api/v1/predict" + head).status == 100);
}

TEST_CASE("paths cannot leave the folder of the page", "[server][api]") {
  Service service;
  for (const char* path :
       {"/../CMakeLists.txt", "/%2e%2e/CMakeLists.txt", "/..%2f..%2fetc/passwd", "//etc/passwd",
        "/assets/../../etc/passwd", "/%2e%2e%5cx", "/.git/config"}) {
    INFO(path);
    CHECK(Connection(service.server.port())
              .ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n\r\n")
              .status == 404);
  }
}

TEST_CASE("a client may disconnect while its images are classified", "[server][api]") {
  Service service;
  for (int i = 0; i < 30; ++i) {
    Connection client(service.server.port());
    client.send(post("/api/v1/predict", image_bytes("exif6.jpg")));
  }
  Connection client(service.server.port());
  CHECK(client.ask(post("/api/v1/predict", image_bytes("grey.png"))).status == 200);
}
