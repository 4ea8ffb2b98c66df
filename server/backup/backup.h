#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace fovea::server {

struct BackupReport {
  std::int64_t files = 0, bytes = 0;  // copied, without the database
};

// Copies a data directory with its projects, except deleted ones, while servers use it. `target`
// becomes a data directory with an SQLite database, which `fovea serve` can open and
// restore_backup() reads. `database_url` is that of the servers; empty: SQLite. Uploads and
// deletions wait until the files are copied. Model files and images are compared with their
// SHA-256. Throws IoError, also if `target` exists and is not empty, FormatError naming a damaged
// file, and DatasetBusy if an import runs; then `target` is unchanged.
BackupReport back_up(const std::filesystem::path& data_dir, const std::string& database_url,
                     const std::filesystem::path& target,
                     const std::function<void(const std::string&)>& progress);

// Copies a backup to `data_dir`, which must be empty or not exist, and its records to the database,
// which must be empty. Throws like back_up(); the records are copied last and in one transaction.
BackupReport restore_backup(const std::filesystem::path& backup,
                            const std::filesystem::path& data_dir, const std::string& database_url,
                            const std::function<void(const std::string&)>& progress);

}  // namespace fovea::server
