#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <nlohmann/json.hpp>

#include "engine/core/file.h"
#include "server/api/routes.h"
#include "server/registry/registry.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/stored_registry.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

namespace {

constexpr bool kSanitized = FOVEA_SANITIZED;

constexpr int kVersions = 4;

int number_from(const char* variable, int fallback) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : fallback;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// The expected prediction of each version, computed without the server.
struct Expected {
  std::map<std::string, std::string> weights;
  std::map<std::string, double> probability;
};

Expected expected_of(const Registry& registry, std::span<const std::uint8_t> image) {
  Expected expected;
  for (int number = 1; number <= kVersions; ++number) {
    const Classifier classifier(registry.model_file(registry.find(number)));
    Scratch scratch;
    Tensor probabilities;
    classifier.predict(classifier.prepare(image), probabilities, scratch);
    const auto values = probabilities.values();
    expected.weights[std::to_string(number)] = classifier.weights_sha256();
    expected.probability[std::to_string(number)] = *std::max_element(values.begin(), values.end());
  }
  return expected;
}

struct Client {
  int responses = 0;
  int wrong = 0;  // not 200, or not the prediction of the version that it names
  std::set<std::string> versions;
};

void send_until(const std::atomic<bool>& stop, App& app, const Expected& expected,
                const std::string& image, Client& client) {
  const Router router = make_router();
  while (!stop) {
    Request request;
    request.verb = "POST";
    request.path = "/api/v1/predict";
    request.body = image;
    const Reply reply = ask(router, app, std::move(request));
    ++client.responses;
    if (reply.status != 200) {
      ++client.wrong;
      continue;
    }
    const Json body = Json::parse(reply.body);
    const auto version = body["version"].get<std::string>();
    const double probability = body["results"][0]["probability"];
    client.wrong += body["weights_sha256"] != expected.weights.at(version) ||
                    std::abs(probability - expected.probability.at(version)) > 1e-5;
    client.versions.insert(version);
  }
}

}  // namespace

TEST_CASE("version changes under load fail no request and every response names its version",
          "[server][registry]") {
  AppOptions options;
  options.inference_threads = 2;
  App app = make_app(options);
  for (int i = 2; i <= kVersions; ++i) {
    app.registry.publish(small_model_file(std::uint64_t(i) * 10), {}, nullptr, "test");
  }
  const auto bytes = image_bytes("grey.png");
  const Expected expected = expected_of(app.registry, bytes);
  REQUIRE(std::set<double>{expected.probability.at("1"), expected.probability.at("2")}.size() == 2);
  const std::string image(bytes.begin(), bytes.end());

  std::atomic<bool> stop{false};
  std::array<Client, 4> clients;
  std::vector<std::jthread> threads;
  for (Client& client : clients) {
    threads.emplace_back([&] { send_until(stop, app, expected, image, client); });
  }
  const int count = number_from("FOVEA_SWAPS", 300);
  for (int i = 1; i <= count; ++i) app.registry.activate(1 + i % kVersions, "test", "");
  stop = true;
  threads.clear();

  int responses = 0;
  std::set<std::string> versions;
  for (const Client& client : clients) {
    CHECK(client.responses > 0);
    CHECK(client.wrong == 0);
    responses += client.responses;
    versions.insert(client.versions.begin(), client.versions.end());
  }
  CHECK(versions.size() == kVersions);
  std::cout << count << " version changes, " << responses << " responses, none wrong\n";
}

TEST_CASE("the memory of versions that are no longer active is freed", "[server][registry]") {
  if (kSanitized) return;  // the sanitizers' allocators keep freed memory
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  const auto bundled = read_file(FOVEA_SOURCE_DIR "/models/cifar10-small.safetensors");
  const int first = service.registry.publish(bundled, {}, nullptr, "test");
  const int second = service.registry.publish(bundled, {}, nullptr, "test");
  const auto swap = [&](int i) {
    // As a request does that still uses the previous version.
    const auto pinned = service.registry.champion();
    service.registry.activate(i % 2 ? first : second, "test", "");
  };
  for (int i = 1; i <= 10; ++i) swap(i);
  const double before = resident_mib();
  const int count = number_from("FOVEA_MEMORY_SWAPS", 40);
  for (int i = 11; i <= 10 + count; ++i) swap(i);
  const double after = resident_mib();
  std::cout << count << " version changes: " << before << " MiB resident before, " << after
            << " after\n";
  // A leaked version would take more than the size of its file; at least 40 could have leaked.
  const double file = static_cast<double>(bundled.size()) / (1 << 20);
  CHECK(after - before < 4 * file);
}
