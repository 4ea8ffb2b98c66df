#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/store/postgres/pool.h"

namespace fovea::server::postgres {

// Runs transactions on the connections of a pool. Any thread. A transaction that cannot have had an
// effect is repeated: once on a new connection if its connection was lost before COMMIT, and up to
// eight times if it conflicted with another one. So the function must be repeatable.
class Database {
 public:
  explicit Database(ConnectionUrl url, PoolOptions options = {});

  // Runs f(Connection&) in one transaction ("read committed": each statement sees what was
  // committed before it), which an exception rolls back. `begin` may contain further statements
  // after BEGIN.
  template <class F>
  auto write(F&& f, const std::string& begin = "BEGIN") {
    return run(begin, std::forward<F>(f));
  }
  // Runs f(Connection&) in one transaction that sees a consistent snapshot and changes nothing.
  template <class F>
  auto read(F&& f) {
    return run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", std::forward<F>(f));
  }

  Pool& pool() { return pool_; }

 private:
  template <class F>
  auto run(const std::string& begin, F&& f) {
    using R = decltype(f(std::declval<Connection&>()));
    if constexpr (std::is_void_v<R>) {
      attempt(begin, [&](Connection& connection) { f(connection); });
    } else {
      std::optional<R> result;
      attempt(begin, [&](Connection& connection) { result.emplace(f(connection)); });
      return std::move(*result);
    }
  }
  void attempt(const std::string& begin, const std::function<void(Connection&)>& f);

  Pool pool_;
};

// Advisory locks of the database.
enum class Lock : std::int64_t {
  schema = 0x666f766561000001,  // "fovea" and a number
  changes,
  roll_up,
  trim,
  versions
};
std::string key(Lock lock);

// schema.cpp
// One step of the schema. A released step is never changed; changes are new steps.
struct SchemaStep {
  const char* sql;
  // The oldest version of the schema whose programs can work with this one. While the processes of
  // a fleet are replaced one by one, the previous program runs on the new schema.
  int oldest_reader;
};
const std::vector<SchemaStep>& schema_steps();

// Brings the schema to the current version, in one transaction under a lock, so that several
// processes may call it at the same time. Throws IoError if a newer program wrote the database and
// this one is older than its oldest reader, and if the database is not in UTF-8.
void migrate(Database& database, const std::vector<SchemaStep>& steps = schema_steps());

// "Now" in microseconds since 1970, by the database's clock.
inline constexpr const char* kNow = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

}  // namespace fovea::server::postgres
