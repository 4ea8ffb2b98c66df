#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "server/store/postgres/connection.h"

namespace fovea::tests {

// A PostgreSQL server of this test program (tests/support/temporary_postgres).
class PostgresServer {
 public:
  // Started by the first call. Null, after a line "SKIPPED: ...", if PostgreSQL is not installed.
  static PostgresServer* get() {
    static const std::unique_ptr<PostgresServer> server = start();
    return server.get();
  }

  ~PostgresServer() {
    std::fclose(input_);
    ::waitpid(process_, nullptr, 0);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string url(const std::string& database) const {
    return "postgres://fovea@/" + database + "?host=" + folder_ + "&port=" + std::to_string(port_);
  }
  // Over TCP, with the password.
  std::string tcp_url(const std::string& database, const std::string& options = "",
                      const std::string& password = "test-password") const {
    return "postgres://fovea:" + password + "@127.0.0.1:" + std::to_string(port_) + "/" + database +
           options;
  }
  std::string certificate() const { return folder_ + "/server.crt"; }

  // The name of a new empty database.
  std::string new_database() {
    const std::string name = "test" + std::to_string(++databases_);
    sql("postgres", "CREATE DATABASE " + name);
    return name;
  }
  // Runs one statement on a separate connection.
  server::postgres::Result sql(const std::string& database, const std::string& statement) {
    const auto target = server::postgres::parse_url(url(database));
    return server::postgres::Connection(target, {}).exec(statement);
  }
  // Ends all connections to the database, as a restart of the server does.
  void end_connections(const std::string& database) {
    sql("postgres",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
            database + "'");
  }

 private:
  PostgresServer(pid_t process, FILE* input, std::string folder, int port)
      : process_(process), input_(input), folder_(std::move(folder)), port_(port) {}

  static std::unique_ptr<PostgresServer> start() {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
      throw std::runtime_error("cannot create a pipe");
    }
    const std::string script = std::string(FOVEA_SOURCE_DIR) + "/tests/support/temporary_postgres";
    const pid_t process = ::fork();
    if (process == 0) {
      ::setpgid(0, 0);  // a signal from the keyboard must not end it before its clean-up
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execl(script.c_str(), script.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    FILE* output = ::fdopen(out[0], "r");
    char folder[256];
    int port = 0;
    const bool ready = std::fscanf(output, "%255s %d", folder, &port) == 2;
    std::fclose(output);
    if (ready) {
      return std::unique_ptr<PostgresServer>(
          new PostgresServer(process, ::fdopen(in[1], "w"), folder, port));
    }
    int status = 0;
    ::waitpid(process, &status, 0);
    ::close(in[1]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 77) {
      throw std::runtime_error(script + " failed");
    }
    std::puts("SKIPPED: tests with PostgreSQL, which is not installed (package postgresql)");
    return nullptr;
  }

  const pid_t process_;
  FILE* const input_;
  const std::string folder_;
  const int port_;
  std::atomic<int> databases_ = 0;
};

}  // namespace fovea::tests
