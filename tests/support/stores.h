#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "server/store/prediction_store.h"
#include "server/store/store.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {

enum class Backend { sqlite, postgres };

inline std::ostream& operator<<(std::ostream& out, Backend backend) {
  return out << (backend == Backend::sqlite ? "SQLite" : "PostgreSQL");
}

// Those that are installed, for GENERATE(from_range(backends())).
inline std::vector<Backend> backends() {
  std::vector<Backend> all{Backend::sqlite};
  if (PostgresServer::get()) all.push_back(Backend::postgres);
  return all;
}

// A database for one test, empty until it is opened.
class TestDatabase {
 public:
  explicit TestDatabase(Backend backend) {
    if (backend == Backend::postgres) {
      url_ = PostgresServer::get()->url(PostgresServer::get()->new_database());
    }
  }
  // Can be called several times at once with PostgreSQL.
  std::unique_ptr<server::Store> open(const server::HistoryLimits& limits = {}) const {
    return server::open_store(folder_.path(), url_, limits);
  }

 private:
  TemporaryFolder folder_;
  std::string url_;
};

}  // namespace fovea::tests
