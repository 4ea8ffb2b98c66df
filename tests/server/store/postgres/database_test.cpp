#include "server/store/postgres/database.h"

#include <future>
#include <thread>

#include "engine/core/file.h"
#include "server/store/job_store.h"
#include "server/store/prediction_store.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;
using postgres::Connection;
using postgres::Params;

// Waits until the condition holds; false after 10 s.
template <class F>
bool soon(F condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

struct PostgresFixture {
  PostgresServer& server = *PostgresServer::get();
  std::string name = server.new_database();
  std::string url = server.url(name);
};

// Makes every commit that adds a job wait for the advisory lock 1.
void hold_commits(PostgresFixture& fixture) {
  const auto target = postgres::parse_url(fixture.url);
  Connection(target, {}).run(R"(CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION hold())");
}

bool is_waiting(PostgresFixture& fixture) {
  return fixture.server
             .sql(fixture.name, "SELECT 1 FROM pg_stat_activity WHERE datname = '" + fixture.name +
                                    "' AND query = 'COMMIT' AND wait_event_type = 'Lock'")
             .rows() > 0;
}

TEST_CASE("several programs that open an empty database create its schema once",
          "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  std::vector<std::future<std::unique_ptr<Store>>> opening;
  for (int i = 0; i < 6; ++i) {
    opening.push_back(
        std::async(std::launch::async, [&] { return open_postgres_store(fixture.url, {}); }));
  }
  for (auto& store : opening) CHECK(store.get()->health().available);
  CHECK(fixture.server.sql(fixture.name, "SELECT version FROM fovea_schema").integer(0, 0) ==
        static_cast<std::int64_t>(postgres::schema_steps().size()));
}

TEST_CASE("the previous program works with a newer schema that admits it", "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  open_postgres_store(fixture.url, {});
  auto steps = postgres::schema_steps();
  const int current = static_cast<int>(steps.size());
  SECTION("admitted") {
    steps.push_back({"ALTER TABLE jobs ADD COLUMN extra text", current});
    {
      postgres::Database newer(postgres::parse_url(fixture.url));
      postgres::migrate(newer, steps);
      postgres::migrate(newer, steps);  // does nothing
    }
    const auto store = open_postgres_store(fixture.url, {});
    CHECK(store->jobs().create("retrain", "{}", "").id == 1);
  }
  SECTION("not admitted") {
    steps.push_back({"ALTER TABLE jobs RENAME COLUMN kind TO sort", current + 1});
    {
      postgres::Database newer(postgres::parse_url(fixture.url));
      postgres::migrate(newer, steps);
    }
    CHECK_THROWS_WITH(open_postgres_store(fixture.url, {}),
                      ContainsSubstring("newer version of Fovea"));
  }
  SECTION("failed") {
    steps.push_back({"ALTER TABLE jobs ADD COLUMN extra text; SELECT 1/0", current});
    postgres::Database newer(postgres::parse_url(fixture.url));
    CHECK_THROWS_WITH(postgres::migrate(newer, steps), ContainsSubstring("division by zero"));
    CHECK(fixture.server.sql(fixture.name, "SELECT version FROM fovea_schema").integer(0, 0) ==
          current);
  }
}

TEST_CASE("a database in another encoding is rejected", "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresServer& server = *PostgresServer::get();
  server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  CHECK_THROWS_WITH(open_postgres_store(server.url("latin"), {}), ContainsSubstring("LATIN1"));
}

TEST_CASE("requests continue on new connections after all connections have ended",
          "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  const auto store = open_postgres_store(fixture.url, {});
  store->jobs().create("retrain", "{}", "");
  fixture.server.end_connections(fixture.name);
  CHECK(store->jobs().create("evaluate", "{}", "").id == 2);
  CHECK(store->jobs().newest(10).size() == 2);
  CHECK(soon([&] { return store->health().available; }));
}

TEST_CASE("a transaction whose connection is lost before the commit is repeated",
          "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  open_postgres_store(fixture.url, {});
  postgres::Database database(postgres::parse_url(fixture.url));
  int calls = 0;
  database.write([&](Connection& connection) {
    connection.exec("INSERT INTO jobs(kind, state, options, created) VALUES('a', 'b', '{}', 1)");
    if (++calls == 1) fixture.server.end_connections(fixture.name);
    connection.exec("INSERT INTO jobs(kind, state, options, created) VALUES('a', 'b', '{}', 1)");
  });
  CHECK(calls == 2);
  CHECK(fixture.server.sql(fixture.name, "SELECT count(*) FROM jobs").integer(0, 0) == 2);
}

TEST_CASE("a connection lost during the commit is reported as such", "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  const auto store = open_postgres_store(fixture.url, {});
  hold_commits(fixture);
  const auto target = postgres::parse_url(fixture.url);
  Connection holder(target, {});
  holder.exec("SELECT pg_advisory_lock(1)");
  auto creating =
      std::async(std::launch::async, [&] { store->jobs().create("retrain", "{}", ""); });
  REQUIRE(soon([&] { return is_waiting(fixture); }));
  fixture.server.sql(fixture.name,
                     "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query = "
                     "'COMMIT' AND datname = current_database()");
  bool unknown = false;
  try {
    creating.get();
  } catch (const StoreUnavailable& error) {
    unknown = error.outcome_unknown;
    CHECK_THAT(error.what(), ContainsSubstring("may or may not be stored"));
  }
  CHECK(unknown);
}

TEST_CASE("a full disk of the database is reported as a full disk", "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  const auto store = open_postgres_store(fixture.url, {});
  const auto target = postgres::parse_url(fixture.url);
  Connection(target, {}).run(R"(CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''53100''; END';
      CREATE TRIGGER disk_full BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION disk_full())");
  CHECK_THROWS_AS(store->jobs().create("retrain", "{}", ""), DiskFull);
  CHECK(store->health().available);
}

TEST_CASE("transactions that conflict are repeated", "[server][store]") {
  if (!PostgresServer::get()) return;
  PostgresFixture fixture;
  postgres::Database database(postgres::parse_url(fixture.url));
  fixture.server.sql(fixture.name, "CREATE TABLE counters(id int PRIMARY KEY, value int)");
  fixture.server.sql(fixture.name, "INSERT INTO counters VALUES(1, 0), (2, 0)");
  const auto add = [&](int first, int second) {
    for (int i = 0; i < 20; ++i) {
      database.write([&](Connection& connection) {
        for (const int id : {first, second}) {
          connection.exec("UPDATE counters SET value = value + 1 WHERE id = $1", Params::of(id));
          connection.exec("SELECT pg_sleep(0.002)");
        }
      });
    }
  };
  // In opposite order: deadlocks, of which PostgreSQL ends one transaction each time.
  fixture.server.sql("postgres",
                     "ALTER DATABASE " + fixture.name + " SET deadlock_timeout = '5ms'");
  auto other = std::async(std::launch::async, [&] { add(2, 1); });
  add(1, 2);
  other.get();
  CHECK(fixture.server.sql(fixture.name, "SELECT min(value) FROM counters").integer(0, 0) == 40);
}

}  // namespace
}  // namespace fovea::tests
