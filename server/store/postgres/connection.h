#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "server/store/postgres/connection_url.h"
#include "server/store/postgres/values.h"

struct pg_conn;  // NOLINT(readability-identifier-naming): the name of the library

namespace fovea::server::postgres {

// The server rejected a statement.
class SqlError : public IoError {
 public:
  SqlError(const std::string& text, std::string sqlstate)
      : IoError(text), state(std::move(sqlstate)) {}
  // The transaction conflicted with another one and can be repeated.
  bool is_conflict() const { return state == "40001" || state == "40P01"; }
  const std::string state;  // SQLSTATE, five characters
};

struct Timeouts {
  std::chrono::milliseconds statement = std::chrono::seconds(30);  // 0: unlimited
  std::chrono::milliseconds margin = std::chrono::seconds(5);  // for the answer to arrive after it
};

struct Message {  // of NOTIFY
  std::string channel, payload;
};

// A connection to PostgreSQL. Used by one thread at a time. Errors are thrown as SqlError, DiskFull
// or StoreUnavailable; their texts name the database and never contain the password.
class Connection {
 public:
  // Waits at most for the URL's connect_timeout per address of the host.
  Connection(const ConnectionUrl& url, const Timeouts& timeouts);

  // One statement. Throws StoreUnavailable if it takes longer than the statement timeout.
  Result exec(const std::string& sql, const Params& params = {});
  // Several statements separated by ";". The result of the last one.
  Result run(const std::string& script);
  void set_timeout(std::chrono::milliseconds statement);  // of the following statements; 0: none

  // The connection can no longer be used.
  bool lost() const { return lost_; }
  bool timed_out() const { return timed_out_; }  // it was lost because the server did not answer
  // Whether the server has closed the unused connection, without a request to it.
  bool closed_by_server();
  bool is_idle() const;  // usable, without a transaction or a statement
  int process() const;   // of the server, for this connection

  // Waits until a message arrives or `wake` (a file descriptor) is readable, or for `wait`.
  void wait(std::chrono::milliseconds wait, int wake);
  std::optional<Message> next_message();  // of those that have arrived

  const std::string& target() const { return url_.target; }

 private:
  Result finish();
  void wait_for_socket(std::optional<std::chrono::steady_clock::time_point> deadline, bool writing);
  [[noreturn]] void throw_lost(const std::string& reason);
  [[noreturn]] void throw_error(pg_result* result);

  const ConnectionUrl& url_;
  Timeouts timeouts_;
  std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
  bool lost_ = false;
  bool timed_out_ = false;
};

// A transaction, rolled back by the destructor unless commit() has returned.
class Transaction {
 public:
  explicit Transaction(Connection& connection, const std::string& begin = "BEGIN");
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  // Throws StoreUnavailable with outcome_unknown if the connection is lost meanwhile.
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace fovea::server::postgres
