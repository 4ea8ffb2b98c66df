#include <future>
#include <mutex>
#include <thread>

#include "server/store/prediction_store.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

// The notifications that a store receives.
class Inbox {
 public:
  explicit Inbox(Store& store) {
    store.on_notify([this](const std::string& kind, const std::string& payload) {
      const std::lock_guard lock(mutex_);
      received_ += kind + "=" + payload + ";";
    });
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  // What has arrived once the text contains `part`, or after 10 s.
  std::string wait_for(const std::string& part) {
    for (int i = 0; i < 1000 && text().find(part) == std::string::npos; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return text();
  }

 private:
  std::mutex mutex_;
  std::string received_;
};

TEST_CASE("a notification reaches the other processes in order", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const std::string url = server->url(server->new_database());
  const auto a = open_postgres_store(url, {}), b = open_postgres_store(url, {});
  Inbox inbox_a(*a), inbox_b(*b);
  a->notify("aliases", "one two");
  a->notify("job", "");
  b->notify("end", "x");
  CHECK(inbox_b.wait_for("job") == "aliases=one two;job=;");
  CHECK(inbox_a.wait_for("end") == "end=x;");
  a->notify("large", std::string(kMaxNotification, 'x'));
  CHECK(inbox_b.wait_for("large=").size() > kMaxNotification);
  a->on_notify({});
  b->on_notify({});
}

TEST_CASE("a lost connection is followed by a resync and a change of health", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const std::string name = server->new_database();
  const auto a = open_postgres_store(server->url(name), {});
  const auto b = open_postgres_store(server->url(name), {});
  Inbox inbox(*a);
  const auto since = a->health().since;
  CHECK(a->health().last_error.empty());
  server->end_connections(name);
  CHECK(inbox.wait_for("resync") == "resync=;");
  CHECK(a->health().available);
  CHECK(a->health().since > since);
  CHECK_THAT(a->health().last_error, ContainsSubstring(name));
  b->notify("job", "7");
  CHECK(inbox.wait_for("job") == "resync=;job=7;");
  a->on_notify({});
}

TEST_CASE("only one process holds the lock for changes", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const std::string name = server->new_database();
  const auto a = open_postgres_store(server->url(name), {});
  const auto b = open_postgres_store(server->url(name), {});
  auto lock = a->lock_changes();
  lock->check();
  CHECK_THROWS_WITH(b->lock_changes(100ms), ContainsSubstring("another process"));
  auto waiting = std::async(std::launch::async, [&] { return b->lock_changes(); });
  CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
  SECTION("until it is released") {
    lock.reset();
    waiting.get()->check();
  }
  SECTION("until its connection is lost") {
    server->sql(name,
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND "
                "granted AND database = (SELECT oid FROM pg_database WHERE datname = "
                "current_database())");
    waiting.get()->check();
    CHECK_THROWS_AS(lock->check(), StoreUnavailable);
  }
}

}  // namespace
}  // namespace fovea::tests
