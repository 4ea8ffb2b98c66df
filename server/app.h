#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "server/http/static_files.h"
#include "server/serve/batcher.h"
#include "server/serve/served_model.h"

namespace fovea::server {

struct AppOptions {
  int inference_threads = 1;
  std::size_t max_queue = 2048;                      // pictures waiting
  std::chrono::milliseconds deadline{30'000};        // of one request, from its arrival
  std::function<void(const std::string&)> on_fault;  // what the client is not told; any thread
};

// What the handlers share. Everything here may be used from any thread.
class App {
 public:
  App(AppOptions given, std::shared_ptr<const ServedModel> model, StaticFiles page)
      : options(std::move(given)),
        files(std::move(page)),
        model_(std::move(model)),
        batcher(options.inference_threads, options.max_queue) {}

  const AppOptions options;
  const StaticFiles files;
  const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::atomic<bool> draining{false};

  // The model in service; a request takes it once and keeps it to its end.
  std::shared_ptr<const ServedModel> model() const { return model_; }

 private:
  const std::shared_ptr<const ServedModel> model_;

 public:
  Batcher batcher;  // last: its threads end before anything they use
};

}  // namespace fovea::server
