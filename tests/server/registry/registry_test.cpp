#include "server/registry/registry.h"

#include "engine/core/sha256.h"
#include "tests/support/catch.h"
#include "tests/support/stored_registry.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using Json = nlohmann::ordered_json;

TEST_CASE("publishing numbers a version without activating it", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  CHECK(service.registry.champion() == nullptr);
  CHECK(service.publish(1) == 1);
  CHECK(service.publish(2, {{"parent", 1}, {"data", "images"}, {"job", 4}}) == 2);
  CHECK(service.registry.champion() == nullptr);
  CHECK(service.registry.aliases().empty());
  CHECK(service.registry.count() == 2);

  const StoredVersion second = service.registry.find("2");
  const Json manifest = parse_manifest(second.manifest);
  CHECK(manifest["parent"] == 1);
  CHECK(manifest["data"] == "images");
  CHECK(manifest["job"] == 4);
  CHECK(manifest["name"] == "tiny test");
  CHECK(manifest["classes"] == Json({"bird", "cat", "truck"}));
  CHECK(manifest["calibration"]["temperature"] == 1.5);
  CHECK(manifest["metrics"]["accuracy"] == 0.5);
  CHECK(service.registry.model_file(second) == small_model_file(2));
  CHECK(second.weights_sha256 == weights_sha256(small_model_file(2)));
  CHECK(service.registry.newest(1).at(0).number == 2);
  CHECK(service.registry.newest(5, 2).at(0).number == 1);

  const auto audit = service.store->audit().newest(10);
  REQUIRE(audit.size() == 2);
  CHECK(audit[0].action == "publish");
  CHECK(audit[0].subject == "version 2");
  CHECK(audit[0].actor == "test");
}

TEST_CASE("a small file whose model needs more memory than there is is refused with numbers",
          "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry stored(folder.path());
  RegistryOptions options;
  options.threads = 2;
  options.available_memory = [] { return std::uint64_t{1} << 28; };
  Registry registry(stored.store->versions(), stored.files, options);
  const NetworkSpec spec{{1, 1024, 1024, 3},
                         {{Conv2dSpec{.out = 64, .kernel = 1, .pad = 0}},
                          {GlobalAvgPoolSpec{}},
                          {FlattenSpec{}},
                          {DenseSpec{.out = 2}}}};
  Model model{Network(spec), {}, {"cat", "dog"}, 1.0f, {}};
  model.network.initialise(1);
  model.preprocess.size = 1024;
  const auto file = write_model(model);
  CHECK(file.size() < 20'000);
  CHECK_THROWS_AS(registry.publish(file, {}, nullptr, "test"), ModelTooLarge);
  CHECK_THROWS_WITH(registry.publish(file, {}, nullptr, "test"),
                    ContainsSubstring("MiB for 2 threads, 256 MiB are"));
  CHECK(registry.count() == 0);
  CHECK(stored.files.list().empty());
  CHECK(registry.publish(small_model_file(), {}, nullptr, "test") == 1);
  CHECK(inference_bytes(Classifier(small_model_file())) < 32 << 20);
}

TEST_CASE("a file that a killed publication stored is removed at the next start",
          "[server][registry]") {
  const TemporaryFolder folder;
  const auto model = small_model_file(7);
  std::string stored, named;
  {
    StoredRegistry service(folder.path());
    service.publish(1);
    named = service.registry.find(1).model_sha256;
    stored = sha256_hex(model);
    service.files.announce(stored);
    service.files.store(model);
    service.files.announce(named);  // killed before the mark was removed
  }
  const StoredRegistry restarted(folder.path());
  CHECK_FALSE(restarted.files.exists(stored));
  CHECK(restarted.files.exists(named));
  CHECK(restarted.files.announced().empty());
}

TEST_CASE("damaged models and contradicting manifests are not published", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  auto model = small_model_file();
  CHECK_THROWS_AS(service.registry.publish({}, {}, nullptr, "test"), FormatError);
  CHECK_THROWS_WITH(service.publish(1, {{"classes", {"bird", "cat"}}}),
                    ContainsSubstring("classes"));
  CHECK_THROWS_WITH(service.publish(1, {{"calibration", {{"temperature", 1.4}}}}),
                    ContainsSubstring("temperature"));
  CHECK_THROWS_WITH(service.publish(1, {{"note", std::string(2 << 20, 'x')}}),
                    ContainsSubstring("limit"));
  CHECK_THROWS_WITH(service.publish(1, Json::array()), ContainsSubstring("object"));
  model.back() ^= 1;
  CHECK_THROWS_AS(service.registry.publish(model, {}, nullptr, "test"), FormatError);
  Model huge = read_model(small_model_file());
  for (Param* param : huge.network.params()) {
    for (Scalar& value : param->value.values()) value *= 1e15f;
  }
  CHECK_THROWS_WITH(service.registry.publish(write_model(huge), {}, nullptr, "test"),
                    ContainsSubstring("not finite"));
  CHECK(service.registry.count() == 0);
  CHECK(service.store->audit().newest(10).empty());
}

TEST_CASE("features are stored only with the weights they were computed with",
          "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  const auto model = small_model_file(1);
  const auto features = features_of(model);
  const auto other = features_of(small_model_file(2));
  CHECK_THROWS_WITH(service.registry.publish(model, other, nullptr, "test"),
                    ContainsSubstring("weights"));
  CHECK_THROWS_WITH(service.registry.publish(model, model, nullptr, "test"),
                    ContainsSubstring("kind"));
  const StoredVersion version =
      service.registry.find(service.registry.publish(model, features, nullptr, "test"));
  CHECK(service.registry.features_file(version) == features);
  CHECK(std::filesystem::exists(service.registry.features_path(version)));
  const StoredVersion plain = service.registry.find(service.publish(2));
  CHECK_FALSE(service.registry.features_file(plain));
  CHECK(service.registry.features_path(plain).empty());
}

TEST_CASE("activation and rollback move the aliases champion and previous", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  for (int seed = 1; seed <= 3; ++seed) service.publish(seed);
  Registry& registry = service.registry;
  CHECK_THROWS_AS(registry.rollback("test", ""), VersionConflict);
  registry.activate(1, "test", "first");
  CHECK(registry.aliases() == Aliases{{"champion", 1}});
  CHECK_THROWS_AS(registry.rollback("test", ""), VersionConflict);
  const auto pinned = registry.champion();

  registry.set_challenger(2, "job 7", "better");
  CHECK(registry.find("challenger").number == 2);
  CHECK_THROWS_AS(registry.set_challenger(1, "test", ""), VersionConflict);
  registry.activate(2, "test", "second");
  CHECK(registry.aliases() == Aliases{{"champion", 2}, {"previous", 1}});
  CHECK(registry.champion()->number == 2);
  CHECK(registry.champion()->version == "2");
  CHECK(registry.champion()->name == "tiny test");
  CHECK(registry.champion()->classifier.weights_sha256() == weights_sha256(small_model_file(2)));
  CHECK(pinned->classifier.weights_sha256() == weights_sha256(small_model_file(1)));

  CHECK(registry.rollback("admin", "worse") == 1);
  CHECK(registry.aliases() == Aliases{{"champion", 1}, {"previous", 2}});
  const AuditEntry entry = service.store->audit().newest(1).at(0);
  CHECK(entry.action == "rollback");
  CHECK(entry.actor == "admin");
  CHECK(entry.subject == "version 1");
  CHECK(Json::parse(entry.detail) == Json({{"from", 2}, {"reason", "worse"}}));

  const std::size_t entries = service.store->audit().newest(100).size();
  registry.activate(1, "test", "again");
  CHECK(service.store->audit().newest(100).size() == entries);
  CHECK_FALSE(registry.rollback_from(3, "watchdog", "", nullptr));
  CHECK(registry.rollback_from(1, "watchdog", "", {{"p99_ms", 9}}));
  CHECK(registry.champion()->number == 2);
  CHECK_THROWS_AS(registry.activate(9, "test", ""), UnknownVersion);
  CHECK_THROWS_AS(registry.find("latest"), UnknownVersion);
  CHECK_THROWS_AS(registry.find("3x"), UnknownVersion);
}

TEST_CASE("the active version stays active after a restart", "[server][registry]") {
  const TemporaryFolder folder;
  {
    StoredRegistry service(folder.path());
    CHECK_FALSE(service.registry.load_champion());
    service.publish(1);
    service.publish(2);
    service.registry.activate(1, "test", "");
    service.registry.activate(2, "test", "");
  }
  StoredRegistry service(folder.path());
  CHECK(service.registry.load_champion());
  CHECK(service.registry.champion()->number == 2);
  CHECK(service.registry.rollback("test", "") == 1);
}

TEST_CASE("a damaged version is not activated and the champion stays active",
          "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  service.publish(1);
  service.publish(2);
  service.registry.activate(1, "test", "");
  damage(service.registry.model_path(service.registry.find(2)));
  CHECK_THROWS_WITH(service.registry.activate(2, "test", ""), ContainsSubstring("damaged"));
  CHECK(service.registry.champion()->number == 1);
  CHECK(service.registry.aliases() == Aliases{{"champion", 1}});
  // Publishing the same file again repairs the stored copy.
  service.publish(2);
  service.registry.activate(2, "test", "");
  CHECK(service.registry.champion()->number == 2);
}

TEST_CASE("a registry follows the version that another process activated", "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry one(folder.path()), other(folder.path());
  one.publish(1);
  one.publish(2);
  one.registry.activate(1, "test", "");
  REQUIRE(other.registry.load_champion());
  std::vector<ModelSwap> swaps;
  other.registry.on_swap = [&](const ModelSwap& swap) { swaps.push_back(swap); };
  other.registry.follow(false);
  CHECK(swaps.empty());  // nothing has changed
  one.registry.activate(2, "test", "");
  other.registry.follow(false);
  CHECK(other.registry.champion()->number == 2);
  one.registry.rollback("test", "");
  other.registry.follow(true);
  CHECK(other.registry.champion()->number == 1);
  REQUIRE(swaps.size() == 2);
  CHECK_FALSE(swaps[0].rollback);
  CHECK(swaps[1].rollback);
  CHECK(swaps[1].before->number == 2);
}

TEST_CASE("a registry that shares its store locks out the others during a change",
          "[server][registry]") {
  const TemporaryFolder folder;
  StoredRegistry service(folder.path());
  struct Lock : ChangeLock {
    explicit Lock(int& count) : held(count) { ++held; }
    ~Lock() override { --held; }
    void check() override {
      if (lost) throw StoreUnavailable("the lock was lost");
    }
    int& held;
    bool lost = false;
  };
  int held = 0, most = 0, taken = 0;
  bool lost = false;
  std::vector<std::string> changes;
  RegistryOptions options;
  options.shared = true;
  options.lock = [&] {
    auto lock = std::make_unique<Lock>(held);
    lock->lost = lost;
    ++taken;
    most = std::max(most, held);
    return lock;
  };
  options.on_change = [&](const std::string& action) { changes.push_back(action); };
  Registry registry(service.store->versions(), service.files, options);
  taken = 0;
  {
    const Registry::Exclusive exclusive(registry);
    registry.publish(small_model_file(1), {}, nullptr, "test");
    registry.activate(1, "test", "");
  }
  CHECK(taken == 1);
  CHECK(most == 1);
  CHECK(held == 0);
  CHECK(changes == std::vector<std::string>{"activate"});

  registry.publish(small_model_file(2), {}, nullptr, "test");
  lost = true;
  CHECK_THROWS_AS(registry.activate(2, "test", ""), StoreUnavailable);
  CHECK(registry.champion()->number == 1);
  CHECK(registry.aliases() == Aliases{{"champion", 1}});
  CHECK(held == 0);
}

TEST_CASE("temporary files of other processes are removed only when they are old",
          "[server][store]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "files/ab");
  for (const char* name : {".old", ".new", "kept"}) {
    std::ofstream(folder.path() / "files/ab" / name) << "x";
  }
  std::filesystem::last_write_time(
      folder.path() / "files/ab/.old",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(30));
  Files files(folder.path() / "files");
  files.remove_unfinished(std::chrono::hours(24));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "files/ab/.old"));
  CHECK(std::filesystem::exists(folder.path() / "files/ab/.new"));
  files.remove_unfinished();
  CHECK_FALSE(std::filesystem::exists(folder.path() / "files/ab/.new"));
  CHECK(std::filesystem::exists(folder.path() / "files/ab/kept"));
}
