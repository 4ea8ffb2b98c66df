#pragma once

#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/model/feature_statistics.h"
#include "server/registry/manifest.h"
#include "server/registry/registry.h"
#include "server/store/files.h"
#include "server/store/store.h"
#include "tests/support/small_app.h"

// A registry of small models in a folder, without a server around it.
namespace fovea::tests {

// A registry as a restarted server opens it from this folder.
struct StoredRegistry {
  explicit StoredRegistry(const std::filesystem::path& folder, int keep = 10)
      : store(server::open_sqlite_store(folder / "fovea.db")),
        files(folder / "files"),
        registry(store->versions(), files, options(keep)) {}
  static server::RegistryOptions options(int keep) {
    server::RegistryOptions options;
    options.keep = keep;
    return options;
  }
  int publish(std::uint64_t seed, const nlohmann::ordered_json& manifest = nullptr) {
    return registry.publish(small_model_file(seed), {}, manifest, "test");
  }
  std::unique_ptr<server::Store> store;
  server::Files files;
  server::Registry registry;
};

inline std::vector<std::uint8_t> features_of(const std::vector<std::uint8_t>& model) {
  FeatureStatistics bundle;
  bundle.classes = {"bird", "cat", "truck"};
  bundle.dim = 8;
  bundle.counts = {5, 5, 5};
  bundle.means.resize({3, 1, 1, 8});
  bundle.covariances.resize({3, 8, 1, 8});
  bundle.holdout.resize({3, 1, 1, 8});
  bundle.labels = {0, 1, 2};
  for (Tensor* tensor : {&bundle.means, &bundle.covariances, &bundle.holdout}) tensor->fill(1);
  bundle.data = "images";
  bundle.data_revision = "1";
  bundle.weights_sha256 = weights_sha256(model);
  return write_feature_statistics(bundle);
}

inline void damage(const std::filesystem::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(-1, std::ios::end);
  const char last = static_cast<char>(stream.peek());
  stream.seekp(-1, std::ios::end);
  stream.put(static_cast<char>(last ^ 1));
}

}  // namespace fovea::tests
