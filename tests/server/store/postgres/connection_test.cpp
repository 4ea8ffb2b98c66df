#include "server/store/postgres/connection.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "engine/core/file.h"
#include "server/store/postgres/database.h"
#include "server/store/postgres/pool.h"
#include "server/store/prediction_store.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace fovea::server::postgres;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A socket that accepts connections in its backlog but never answers.
struct SilentServer {
  SilentServer() {
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd, 16);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(fd); }
  int fd, port;
};

std::string error_of(const std::string& url) {
  try {
    open_postgres_store(url, {});
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a malformed database URL is rejected without a part of it", "[server][store]") {
  for (const char* url : {"mysql://u:hunter2@h/d", "postgres://u:hunt%zzer2@h/d", "hunter2",
                          "postgres://u:hunter2@h/d?hunter2", "postgres://u:hunter2@h/d?hunter2=1",
                          "postgres://u:hunter2@[::1/d"}) {
    CAPTURE(url);
    CHECK_THROWS_AS(parse_url(url), ConfigError);
    CHECK_THAT(error_of(url), ContainsSubstring("database URL") && !ContainsSubstring("hunt"));
  }
  CHECK(parse_url("postgres://u:p@db.example/fleet").target ==
        "database \"fleet\" at db.example:5432");
}

TEST_CASE("no error contains the password", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const std::string error = error_of(server->tcp_url("postgres", "", "hunter2"));
  CHECK_THAT(error, ContainsSubstring("password authentication failed") &&
                        ContainsSubstring("127.0.0.1") && !ContainsSubstring("hunter2"));
  CHECK_THAT(error_of(server->tcp_url("missing")),
             ContainsSubstring("missing") && !ContainsSubstring("test-password"));
  const ConnectionUrl url = parse_url("postgres://u:hunter2@h/d");
  CHECK(without_secrets(url, "x\thunter2 hunter2\n") == "x *** ***");
}

TEST_CASE("a server that refuses or does not answer is unavailable in bounded time",
          "[server][store]") {
  const SilentServer silent;
  std::string url = "postgres://u:p@127.0.0.1:1/d";
  auto limit = 500ms;
  SECTION("refused") {}
  SECTION("silent") {
    url = "postgres://u:p@127.0.0.1:" + std::to_string(silent.port) + "/d?connect_timeout=2";
    limit = 3500ms;
  }
  const auto start = Clock::now();
  CHECK_THROWS_AS(open_postgres_store(url, {}), StoreUnavailable);
  CHECK(Clock::now() - start < limit);
}

TEST_CASE("after a failure connections are refused at once until the delay is over",
          "[server][store]") {
  PoolOptions options;
  options.first_delay = 400ms;
  Pool pool(parse_url("postgres://u:p@127.0.0.1:1/d?connect_timeout=2"), options);
  CHECK_THROWS_AS(pool.acquire(), StoreUnavailable);
  CHECK_FALSE(pool.health().available);
  CHECK_THAT(pool.health().last_error, ContainsSubstring("refused"));
  const SilentServer silent;  // an attempt to connect here takes 2 s
  Pool slow(
      parse_url("postgres://u:p@127.0.0.1:" + std::to_string(silent.port) + "/d?connect_timeout=2"),
      options);
  CHECK_THROWS_AS(slow.acquire(), StoreUnavailable);
  const auto start = Clock::now();
  CHECK_THROWS_AS(slow.acquire(), StoreUnavailable);
  CHECK(Clock::now() - start < 100ms);
  std::this_thread::sleep_for(options.first_delay);
  CHECK_THROWS_AS(slow.acquire(), StoreUnavailable);
  CHECK(Clock::now() - start > 1500ms);
}

TEST_CASE("a pool gives out at most its number of connections", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  PoolOptions options;
  options.max_connections = 2;
  options.acquire = 100ms;
  Pool pool(parse_url(server->url("postgres")), options);
  const auto first = pool.acquire();
  int process = 0;
  {
    const auto second = pool.acquire();
    process = second->process();
    CHECK_THROWS_WITH(pool.acquire(), ContainsSubstring("all 2 connections"));
  }
  CHECK(pool.acquire()->process() == process);
  CHECK(pool.health().available);
}

TEST_CASE("a statement that takes too long is ended and the connection stays usable",
          "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const ConnectionUrl url = parse_url(server->url("postgres"));
  Connection connection(url, {200ms, 5s});
  const auto start = Clock::now();
  CHECK_THROWS_WITH(connection.exec("SELECT pg_sleep(10)"), ContainsSubstring("limit: 0.2 s"));
  CHECK(Clock::now() - start < 2s);
  CHECK_FALSE(connection.lost());
  CHECK(connection.exec("SELECT 5").integer(0, 0) == 5);
}

TEST_CASE("a server that stops answering is unavailable after the margin", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const ConnectionUrl url = parse_url(server->url("postgres"));
  Connection connection(url, {300ms, 300ms});
  REQUIRE(::kill(connection.process(), SIGSTOP) == 0);
  const auto start = Clock::now();
  CHECK_THROWS_AS(connection.exec("SELECT 1"), StoreUnavailable);
  ::kill(connection.process(), SIGCONT);
  CHECK(Clock::now() - start < 2s);
  CHECK(connection.timed_out());
}

TEST_CASE("a connection over TLS checks the certificate of the server", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const std::string root = "?sslmode=verify-full&sslrootcert=";
  const ConnectionUrl url = parse_url(server->tcp_url("postgres", root + server->certificate()));
  Connection connection(url, {});
  CHECK(connection.exec("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").integer(0, 0) ==
        1);
  const std::string large(300'000, 'x');  // more than one TLS record
  CHECK(connection.exec("SELECT $1", Params::of(large)).text(0, 0) == large);
  const TemporaryFolder folder;
  write_text(folder.path() / "other.crt", make_certificate().certificate);
  CHECK_THAT(error_of(server->tcp_url("postgres", root + (folder.path() / "other.crt").string())),
             ContainsSubstring("certificate verify failed"));
  const ConnectionUrl plain = parse_url(server->tcp_url("postgres", "?sslmode=disable"));
  CHECK(Connection(plain, {})
            .exec("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .integer(0, 0) == 0);
}

TEST_CASE("values survive a round trip through the database", "[server][store]") {
  PostgresServer* server = PostgresServer::get();
  if (!server) return;
  const ConnectionUrl url = parse_url(server->url("postgres"));
  Connection connection(url, {});
  const std::vector<std::uint8_t> bytes{0, 255, 7};
  const Result row = connection.exec(
      "SELECT $1, $2, $3, $4, $5, $6 IS NULL, $7[2], $8[1] IS NULL, $9[2], length($10[2]), "
      "$11[1], cardinality($12)",
      Params::of(std::int64_t{-5}, 0.1, true, "text", Bytes(bytes), std::optional<std::string>(),
                 std::vector<std::int64_t>{1, -2}, std::vector<std::optional<std::int64_t>>{{}, 1},
                 std::vector<std::string>{"a", "b"}, std::vector<Bytes>{{}, bytes},
                 std::vector<double>{0.5}, std::vector<bool>{}));
  CHECK(row.integer(0, 0) == -5);
  CHECK(row.real(0, 1) == 0.1);
  CHECK(row.integer(0, 2) == 1);
  CHECK(row.text(0, 3) == "text");
  CHECK(std::vector<std::uint8_t>(row.bytes(0, 4).begin(), row.bytes(0, 4).end()) == bytes);
  CHECK(row.integer(0, 5) == 1);
  CHECK(row.integer(0, 6) == -2);
  CHECK(row.integer(0, 7) == 1);
  CHECK(row.text(0, 8) == "b");
  CHECK(row.integer(0, 9) == 3);
  CHECK(row.real(0, 10) == 0.5);
  CHECK(row.integer(0, 11) == 0);
}

TEST_CASE("invalid UTF-8 and NUL are replaced", "[server][store]") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(valid_text("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(valid_text(std::string_view("a\0b", 3)) == "a" + mark + "b");
  CHECK(valid_text("\xFF") == mark);
  CHECK(valid_text("\xC3") == mark);                        // cut off
  CHECK(valid_text("\xC0\x80") == mark + mark);             // longer than necessary
  CHECK(valid_text("\xED\xA0\x80") == mark + mark + mark);  // a surrogate
  CHECK(valid_text("\xF4\x90\x80\x80") == mark + mark + mark + mark);
}

}  // namespace
}  // namespace fovea::tests
