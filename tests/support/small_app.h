#pragma once

#include <future>
#include <memory>

#include "engine/model/model_file.h"
#include "server/app.h"
#include "server/http/router.h"

// A service with a small real network (random weights), for tests of the server.
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
  model.provenance = {{"name", "tiny test"},
                      {"version", "7"},
                      {"metrics", R"({"accuracy": 0.5})"},
                      {"note", "random weights"}};
  return write_model(model);
}

inline std::shared_ptr<const server::ServedModel> small_model() {
  static const auto model =
      std::make_shared<const server::ServedModel>(small_model_file(), "fallback");
  return model;
}

inline server::App make_app(server::AppOptions options = {}) {
  return server::App(std::move(options), small_model(),
                     server::StaticFiles(std::span<const server::EmbeddedFile>()));
}

// What a handler answers, waiting for it when it comes later.
inline server::Reply ask(const server::Router& router, server::App& app, server::Request request) {
  const server::Match match = router.match(request.verb, request.path);
  if (!match.route) throw std::runtime_error("no route");
  request.params = match.params;
  if (const auto* quick = std::get_if<server::QuickHandler>(&match.route->handler)) {
    return (*quick)(request, app);
  }
  const auto reply = std::make_shared<std::promise<server::Reply>>();
  std::get<server::LaterHandler>(match.route->handler)(
      std::make_shared<const server::Request>(std::move(request)), app,
      [reply](server::Reply given) { reply->set_value(std::move(given)); });
  return reply->get_future().get();
}

}  // namespace fovea::tests
