#include "server/store/store.h"
#include "engine/core/error.h"
#include "server/store/audit_log.h"
#include "server/store/database.h"
#include "server/store/files.h"
#include "server/store/job_store.h"
#include "server/store/prediction_store.h"
#include "server/store/version_store.h"
#include "tests/support/catch.h"
#include "tests/support/stores.h"
#include "tests/support/temporary_folder.h"

#include <fstream>

namespace fovea::tests {
namespace {

using namespace fovea::server;

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

TEST_CASE("the audit log keeps its order over a restart and can be paged", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  {
    const auto store = database.open();
    for (const char* subject : {"version 1", "version 2", "version 3"}) {
      store->audit().append({0, {}, "admin", "activate", subject, R"({"reason": "test"})"});
    }
  }
  const auto store = database.open();
  const auto newest = store->audit().newest(2);
  REQUIRE(newest.size() == 2);
  CHECK(newest[0].subject == "version 3");
  CHECK(newest[0].detail == R"({"reason": "test"})");
  CHECK(newest[1].subject == "version 2");
  const auto older = store->audit().newest(2, newest[1].id);
  REQUIRE(older.size() == 1);
  CHECK(older[0].subject == "version 1");
}

TEST_CASE("versions are added with an audit entry and aliases are moved", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  VersionStore& versions = store->versions();
  const auto created = std::chrono::system_clock::time_point(std::chrono::microseconds(123456789));
  const AuditEntry entry{0, {}, "admin", "publish", "", R"({"a": 1})"};
  CHECK(versions.add({0, "model", "weights", "features", "{}", created, {}}, entry) == 1);
  CHECK(versions.add({0, "model 2", "weights", {}, "{}", created, {}}, entry) == 2);
  CHECK(store->audit().newest(1)[0].subject == "version 2");
  CHECK(versions.find(1)->features_sha256 == "features");
  CHECK(versions.find(1)->created == created);
  CHECK_FALSE(versions.find(2)->features_sha256);
  CHECK_FALSE(versions.find(3));
  versions.move({{"champion", 1}, {"challenger", 2}}, entry);
  versions.move({{"champion", 2}, {"challenger", std::nullopt}}, entry);
  CHECK(versions.aliases() == Aliases{{"champion", 2}});
  CHECK_THROWS_AS(versions.move({{"champion", 1}, {"other", 7}}, entry), IoError);
  CHECK(versions.aliases() == Aliases{{"champion", 2}});
  versions.mark_removed(1, entry);
  CHECK(versions.find(1)->removed);
  REQUIRE(versions.with_files().size() == 1);
  CHECK(versions.with_files()[0].number == 2);
  CHECK(versions.newest(1)[0].number == 2);
  CHECK(versions.newest(5, 2)[0].number == 1);
  CHECK(versions.count() == 2);
}

TEST_CASE("the kind and the size of a notification are checked", "[server][store]") {
  const TestDatabase database(GENERATE(from_range(backends())));
  const auto store = database.open();
  CHECK_NOTHROW(store->notify("aliases", std::string(kMaxNotification, 'x')));
  CHECK_THROWS_WITH(store->notify("aliases", std::string(kMaxNotification + 1, 'x')),
                    ContainsSubstring("7901 bytes"));
  CHECK_THROWS_AS(store->notify("", "x"), ConfigError);
  CHECK_THROWS_AS(store->notify("two words", "x"), ConfigError);
  CHECK(store->health().available);
  CHECK_NOTHROW(store->lock_changes()->check());
}

TEST_CASE("a transaction that throws is rolled back", "[server][store]") {
  const TemporaryFolder folder;
  Database database(folder.path() / "fovea.db");
  CHECK_THROWS_AS(database.write([](SQLite::Database& connection) {
    connection.exec(
        "INSERT INTO audit(time, actor, action, subject, detail) VALUES(1,'','','','')");
    connection.exec("this is not SQL");
  }),
                  IoError);
  const int count = database.read([](SQLite::Database& connection) {
    return connection.execAndGet("SELECT count(*) FROM audit").getInt();
  });
  CHECK(count == 0);
}

TEST_CASE("a database of an earlier version is migrated", "[server][store]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "fovea.db";
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (std::size_t step = 0; step < 3; ++step) old.exec(migrations()[step]);
    old.exec("PRAGMA user_version = 3");
    old.exec(R"(INSERT INTO prediction_models VALUES(1, 'm', 1, 'w', '["a"]');
      INSERT INTO pictures VALUES(7, 'hash', 3, x'010203');
      INSERT INTO predictions VALUES(1, 5, 'r', 'ancestor', 'f.png', 'hash', 7, 1, 'a', 1, 0,
        x'0000803f', 0, 0, 0, NULL, NULL);
      UPDATE prediction_totals SET value = 1 WHERE name = 'rows';
      UPDATE prediction_totals SET value = 3 WHERE name = 'picture_bytes';
      INSERT INTO jobs VALUES(1, 'retrain', 'succeeded', '', '{}', NULL, 1, 1, 1,
        '{"rules":[{"numbers":{"pictures":5,"too_few_pictures":0}}]}');)");
  }
  const auto store = open_sqlite_store(file);
  const auto record = store->predictions().find(1);
  REQUIRE(record);
  CHECK(record->source == "legacy");
  CHECK(record->image_stored);
  CHECK(store->predictions().image(1) == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(store->jobs().get(1)->result ==
        R"({"rules":[{"numbers":{"images":5,"too_few_images":0}}]})");
}

TEST_CASE("a database of a newer version is rejected", "[server][store]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "fovea.db";
  {
    SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("PRAGMA user_version = 1000");
  }
  CHECK_THROWS_WITH(Database(file), Catch::Contains("newer version of Fovea"));
}

TEST_CASE("the error for a file that is not a database names it", "[server][store]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "fovea.db";
  std::ofstream(file) << std::string(5000, 'x');
  CHECK_THROWS_WITH(Database(file), Catch::Contains("fovea.db"));
}

TEST_CASE("files are named by their hash and damage is detected", "[server][store]") {
  const TemporaryFolder folder;
  Files files(folder.path());
  const auto bytes = bytes_of("abc");
  const std::string name = files.store(bytes);
  CHECK(name == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(files.store(bytes) == name);
  CHECK(files.read(name) == bytes);
  std::ofstream(folder.path() / "ba" / name) << "abX";
  CHECK_THROWS_AS(files.read(name), FormatError);
  files.remove(name);
  CHECK_FALSE(files.exists(name));
  CHECK_THROWS_AS(files.read(name), IoError);
}

TEST_CASE("a name that is not a hash is rejected", "[server][store]") {
  const TemporaryFolder folder;
  const Files files(folder.path());
  CHECK_THROWS_AS(files.exists("../../etc/passwd"), FormatError);
  CHECK_THROWS_AS(files.read(std::string(63, 'a') + "/"), FormatError);
}

}  // namespace
}  // namespace fovea::tests
