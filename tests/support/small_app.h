#pragma once

#include <deque>
#include <future>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/model/model_file.h"
#include "server/api/problem_of.h"
#include "server/app/app.h"
#include "server/http/router.h"
#include "tests/support/temporary_folder.h"

// An App with a small network with random weights, for tests of the server.
namespace fovea::tests {

inline std::vector<std::uint8_t> small_model_file(std::uint64_t seed = 5) {
  NetworkSpec spec{{1, 8, 8, 3},
                   {{Conv2dSpec{.out = 8}},
                    {BatchNormSpec{}},
                    {ReluSpec{}},
                    {GlobalAvgPoolSpec{}},
                    {FlattenSpec{}},
                    {DenseSpec{.out = 3}}}};
  Model model{Network(spec), {}, {"bird", "cat", "truck"}, 1.5f, {}};
  model.network.initialise(seed);
  model.preprocess.size = 8;
  model.provenance = {
      {"name", "tiny test"}, {"metrics", R"({"accuracy": 0.5})"}, {"note", "random weights"}};
  return write_model(model);
}

inline std::shared_ptr<const server::ServedModel> small_model() {
  static const auto model =
      std::make_shared<const server::ServedModel>(small_model_file(), "tiny test", 1);
  return model;
}

// With small_model() as version 1 in a new data directory. If `options` has a data directory with a
// champion, that version is loaded instead.
inline server::App make_app(server::AppOptions options = {}) {
  static std::deque<TemporaryFolder> folders;
  if (options.data_dir.empty()) options.data_dir = folders.emplace_back().path();
  const auto start = [](server::Registry& registry) {
    if (registry.load_champion()) return;
    registry.activate(registry.publish(small_model_file(), {}, nullptr, "test"), "test", "");
  };
  const auto runtime =
      make_runtime(options, server::StaticFiles(std::span<const server::EmbeddedFile>()));
  return server::App(std::move(options), start, runtime);
}

// Calls the handler of a request as the session does, and waits for its response.
inline server::Reply ask(const server::Router& router, server::App& app, server::Request request) {
  const server::Match match = router.match(request.verb, request.path);
  if (!match.route) throw std::runtime_error("no route");
  request.params = match.params;
  try {
    if (const auto* quick = std::get_if<server::QuickHandler>(&match.route->handler)) {
      return (*quick)(request, app);
    }
    if (const auto* blocking = std::get_if<server::Blocking>(&match.route->handler)) {
      return blocking->run(request, app);
    }
    const auto promise = std::make_shared<std::promise<server::Result>>();
    std::get<server::AsyncHandler>(match.route->handler)(
        std::make_shared<const server::Request>(request), app,
        [promise](server::Result result) { promise->set_value(std::move(result)); });
    server::Result result = promise->get_future().get();
    if (auto* reply = std::get_if<server::Reply>(&result)) return std::move(*reply);
    std::rethrow_exception(std::get<std::exception_ptr>(result));
  } catch (...) {
    return server::problem_of(request, std::current_exception(), nullptr);
  }
}

}  // namespace fovea::tests
