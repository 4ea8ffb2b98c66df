#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/store/postgres/copy_sqlite.h"

namespace fovea::server {

// Copies all records of a PostgreSQL database into a new SQLite file, as one consistent snapshot
// while servers use the database. Memory does not depend on the number of rows. Throws ConfigError
// for a malformed URL and IoError, also if the file exists; then it leaves no file.
// `schema` as in open_postgres_store().
std::vector<CopiedTable> copy_postgres(const std::string& url, const std::filesystem::path& file,
                                       const std::string& schema = {});

}  // namespace fovea::server
