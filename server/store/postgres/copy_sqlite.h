#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fovea::server {

struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
  std::string sha256;  // of all values, equal in both databases
};

using CopyProgress =
    std::function<void(double fraction, const std::string& table, std::int64_t rows)>;

// Copies all records of a data directory's SQLite file into an empty PostgreSQL database, in one
// transaction, with their ids. Reads them back and compares the number of rows and a hash of each
// table. `progress` is called with the fraction of the tables, the current one and its rows copied
// so far. Memory does not depend on the number of rows. Updates the schema of both databases to
// that of this program. Throws ConfigError for a malformed URL and IoError, also if the file does
// not exist or the target has records; then the target is unchanged except for its schema.
// `schema` as in open_postgres_store(). REQUIRES: the lock of the data directory.
std::vector<CopiedTable> copy_sqlite(const std::filesystem::path& file, const std::string& url,
                                     const CopyProgress& progress, const std::string& schema = {});

}  // namespace fovea::server
