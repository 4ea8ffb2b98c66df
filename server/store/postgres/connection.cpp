#include "server/store/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "engine/core/file.h"
#include "server/store/store.h"

namespace fovea::server::postgres {
namespace {

using Clock = std::chrono::steady_clock;

// The server ends the session of a vanished client, and with it its locks, after 25 s.
constexpr const char* kSession =
    "SET client_min_messages = warning; SET tcp_keepalives_idle = 10; "
    "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
    "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = 0";

bool is_unavailable(std::string_view state) {
  return state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03" ||
         state == "57P05" || state == "53300" || state == "25006" || state == "25P03";
}

pg_conn* connect(const ConnectionUrl& url) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : url.parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectdbParams(names.data(), values.data(), 0);
}

}  // namespace

Connection::Connection(const ConnectionUrl& url, const Timeouts& timeouts)
    : url_(url), timeouts_(timeouts), connection_(connect(url), PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw StoreUnavailable(fmt::format("{}: {}", url_.target,
                                       without_secrets(url_, PQerrorMessage(connection_.get()))));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  PQsetnonblocking(connection_.get(), 1);
  run(kSession);
  if (!url_.schema.empty()) run("SET search_path = " + url_.schema);
  set_timeout(timeouts.statement);
}

void Connection::set_timeout(std::chrono::milliseconds statement) {
  timeouts_.statement = statement;
  run(fmt::format("SET statement_timeout = {}", statement.count()));
}

Result Connection::exec(const std::string& sql, const Params& params) {
  if (lost_) throw_lost("the connection was lost");
  if (!PQsendQueryParams(connection_.get(), sql.c_str(), params.size(), params.types(),
                         params.values(), params.lengths(), params.formats(), 1)) {
    throw_lost(PQerrorMessage(connection_.get()));
  }
  return finish();
}

Result Connection::run(const std::string& script) {
  if (lost_) throw_lost("the connection was lost");
  if (!PQsendQuery(connection_.get(), script.c_str())) {
    throw_lost(PQerrorMessage(connection_.get()));
  }
  return finish();
}

void Connection::wait_for_socket(std::optional<Clock::time_point> deadline, bool writing) {
  pollfd socket{PQsocket(connection_.get()), static_cast<short>(POLLIN | (writing ? POLLOUT : 0)),
                0};
  int wait_ms = -1;
  if (deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    wait_ms = static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }
  const int ready = ::poll(&socket, 1, wait_ms);
  if (ready > 0 || (ready < 0 && errno == EINTR)) return;
  timed_out_ = ready == 0;
  throw_lost(
      ready == 0
          ? fmt::format(
                "the server did not answer within {} s",
                std::chrono::duration<double>(timeouts_.statement + timeouts_.margin).count())
          : std::strerror(errno));
}

Result Connection::finish() {
  std::optional<Clock::time_point> deadline;
  if (timeouts_.statement.count() > 0) {
    deadline = Clock::now() + timeouts_.statement + timeouts_.margin;
  }
  std::unique_ptr<pg_result, void (*)(pg_result*)> last(nullptr, PQclear);
  for (;;) {
    int unsent = PQflush(connection_.get());
    while (unsent > 0 || (unsent == 0 && PQisBusy(connection_.get()))) {
      wait_for_socket(deadline, unsent > 0);
      // On failure the reason is in the next result.
      if (!PQconsumeInput(connection_.get())) break;
      unsent = PQflush(connection_.get());
    }
    pg_result* result = PQgetResult(connection_.get());
    if (!result) break;
    if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR)
      last.reset(result);
    else
      PQclear(result);
  }
  if (!last) throw_lost(PQerrorMessage(connection_.get()));
  const ExecStatusType status = PQresultStatus(last.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
    return Result(last.release());
  }
  throw_error(last.get());
}

void Connection::throw_lost(const std::string& reason) {
  lost_ = true;
  throw StoreUnavailable(fmt::format("{}: {}", url_.target, without_secrets(url_, reason)));
}

void Connection::throw_error(pg_result* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field ? field : "";
  const std::string reason = without_secrets(url_, PQresultErrorMessage(result));
  const std::string text = fmt::format("{}: {}", url_.target, reason);
  if (PQstatus(connection_.get()) != CONNECTION_OK || is_unavailable(state)) throw_lost(reason);
  if (state == "53100") throw DiskFull(text, reason);
  if (state == "57014" || state == "55P03") {  // statement and lock timeouts
    throw StoreUnavailable(fmt::format("{} (limit: {} s)", text,
                                       std::chrono::duration<double>(timeouts_.statement).count()));
  }
  throw SqlError(text, state);
}

bool Connection::closed_by_server() {
  // An unused connection receives nothing but changed parameters, or the reason for its end and
  // then the end.
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  for (int i = 0; !lost_ && i < 10 && ::poll(&socket, 1, 0) > 0; ++i) {
    lost_ = !PQconsumeInput(connection_.get()) || PQstatus(connection_.get()) != CONNECTION_OK;
  }
  return lost_;
}

bool Connection::is_idle() const {
  return !lost_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

int Connection::process() const {
  return PQbackendPID(connection_.get());
}

void Connection::wait(std::chrono::milliseconds wait, int wake) {
  pollfd both[] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake, POLLIN, 0}};
  if (::poll(both, 2, static_cast<int>(wait.count())) <= 0 || !(both[0].revents)) return;
  if (!PQconsumeInput(connection_.get())) throw_lost(PQerrorMessage(connection_.get()));
}

std::optional<Message> Connection::next_message() {
  const std::unique_ptr<PGnotify, void (*)(void*)> message(PQnotifies(connection_.get()),
                                                           PQfreemem);
  if (!message) return std::nullopt;
  return Message{message->relname, message->extra};
}

Transaction::Transaction(Connection& connection, const std::string& begin)
    : connection_(connection) {
  connection_.run(begin);
}

Transaction::~Transaction() {
  if (!open_ || connection_.lost()) return;
  try {
    connection_.run("ROLLBACK");
  } catch (const std::exception&) {
    // The connection is lost, which ends the transaction as well, or rejected the statement. The
    // pool uses only connections without a transaction again.
  }
}

void Transaction::commit() {
  open_ = false;
  try {
    if (connection_.run("COMMIT").command() != "COMMIT") {
      throw IoError(connection_.target() + ": the transaction was rolled back");
    }
  } catch (const StoreUnavailable& error) {
    if (!connection_.lost()) throw;
    throw StoreUnavailable(
        std::string(error.what()) + " (during COMMIT: the change may or may not be stored)", true);
  }
}

}  // namespace fovea::server::postgres
