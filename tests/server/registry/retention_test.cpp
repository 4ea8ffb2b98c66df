#include "server/registry/initial_version.h"
#include "tests/support/catch.h"
#include "tests/support/stored_registry.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

TEST_CASE("the files of old versions are removed but their manifests stay", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path(), 2);
  Registry& registry = service.registry;
  service.publish(1);
  registry.activate(1, "test", "");
  service.publish(2);
  service.publish(3);
  service.publish(3);  // the same file as version 3
  registry.set_challenger(3, "test", "");
  service.publish(5);
  service.publish(6);
  // These keep their files: 1 (champion), 3 (challenger), 5 and 6 (newest).
  CHECK(registry.find(2).removed);
  CHECK(registry.find(4).removed);
  for (const int kept : {1, 3, 5, 6}) {
    INFO(kept);
    CHECK_FALSE(registry.find(kept).removed);
    CHECK(registry.model_file(registry.find(kept)).size() > 0);
  }
  CHECK_FALSE(service.files.exists(registry.find(2).model_sha256));
  CHECK(parse_manifest(registry.find(2).manifest)["name"] == "tiny test");
  CHECK_THROWS_AS(registry.activate(2, "test", ""), VersionConflict);
  CHECK_THROWS_AS(registry.model_file(registry.find(2)), VersionConflict);
  CHECK(registry.count() == 6);

  CHECK_THROWS_WITH(registry.remove(1, "test"), ContainsSubstring("champion"));
  registry.remove(5, "test");
  CHECK_THROWS_AS(registry.remove(5, "test"), VersionConflict);
  CHECK_THROWS_AS(registry.remove(99, "test"), UnknownVersion);
  CHECK(service.publish(7) == 7);
}

TEST_CASE("a known model file maps to the newest version with features", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  const auto model = small_model_file(1);
  service.publish(1);
  service.registry.publish(model, features_of(model), nullptr, "test");
  service.registry.publish(model, features_of(model), nullptr, "test");
  service.publish(1);
  CHECK(service.registry.find_identical(model) == 3);
  service.publish(2);
  service.publish(2);
  CHECK(service.registry.find_identical(small_model_file(2)) == 6);
  CHECK_FALSE(service.registry.find_identical(small_model_file(3)));
}

TEST_CASE("the first start publishes the bundled model and later starts keep the champion",
          "[server][registry]") {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const std::vector<std::uint8_t>& bytes) {
    std::ofstream(folder.path() / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return folder.path() / name;
  };
  Model nameless = read_model(small_model_file(1));
  nameless.provenance.clear();
  const auto first = write("a.safetensors", write_model(nameless));
  write("a.features.safetensors", features_of(write_model(nameless)));
  const auto second = write("b.safetensors", small_model_file(2));
  const auto bundled = [&] { return first; };
  const auto unused = []() -> std::filesystem::path { throw IoError("not called"); };
  const auto data = folder.path() / "data";
  {
    StoredRegistry service(data);
    activate_initial_version(service.registry, {}, bundled);
    CHECK(service.registry.champion()->number == 1);
    CHECK(service.registry.champion()->name == "a");
    CHECK(service.registry.find(1).features_sha256);
  }
  {
    StoredRegistry service(data);
    activate_initial_version(service.registry, {}, unused);
    CHECK(service.registry.champion()->number == 1);
    CHECK(service.store->audit().newest(10).size() == 2);
  }
  {
    StoredRegistry service(data);
    activate_initial_version(service.registry, second, unused);
    CHECK(service.registry.champion()->number == 2);
  }
  StoredRegistry service(data);
  activate_initial_version(service.registry, first, unused);
  CHECK(service.registry.champion()->number == 1);
  CHECK(service.registry.count() == 2);
  CHECK(service.registry.find("previous").number == 2);
}

TEST_CASE("a damaged champion stops the start with a hint", "[server][registry]") {
  const TemporaryFolder folder;
  std::filesystem::path champion;
  {
    StoredRegistry service(folder.path());
    service.publish(1);
    service.registry.activate(1, "test", "");
    champion = service.registry.model_path(service.registry.find(1));
  }
  damage(champion);
  const auto unused = []() -> std::filesystem::path { throw IoError("not called"); };
  StoredRegistry service(folder.path());
  CHECK_THROWS_WITH(activate_initial_version(service.registry, {}, unused),
                    ContainsSubstring(champion.string()) && ContainsSubstring("--model FILE"));
  CHECK(service.registry.champion() == nullptr);

  // An undamaged copy of the file repairs version 1.
  const auto whole = folder.path() / "whole.safetensors";
  const auto bytes = small_model_file(1);
  std::ofstream(whole, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  activate_initial_version(service.registry, whole, unused);
  CHECK(service.registry.champion()->number == 1);
  CHECK(service.registry.count() == 1);
}

TEST_CASE("a data directory is locked by one server", "[server][registry]") {
  const TemporaryFolder folder;
  AppOptions options;
  options.data_dir = folder.path();
  {
    const App app = make_app(options);
    CHECK_THROWS_WITH(make_app(options), ContainsSubstring("in use by another server"));
  }
  CHECK(make_app(options).model()->number == 1);
}
