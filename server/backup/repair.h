#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea::server {

// Why the records of a data directory with SQLite cannot be used: fovea.db is missing or empty
// beside model files or images, is not a database, or contradicts itself (PRAGMA quick_check).
// Empty: they can. Reads the whole database.
std::string damage_of_records(const std::filesystem::path& data_dir);

struct RecordsReport {
  std::string problem;              // empty: nothing was changed
  std::filesystem::path set_aside;  // folder with the previous fovea.db; empty: there was none
  int versions = 0;                 // models that were registered again
  int active = 0;                   // the version that is active now; 0: none
};

// Makes a data directory whose records are lost usable: moves the damaged fovea.db to
// `damaged-TIME/`, creates a new one and registers the model files as versions, the oldest first;
// the newest becomes active. History, jobs and audit log start empty. Deletes nothing. Throws
// IoError, also if a server uses the directory.
RecordsReport repair_records(const std::filesystem::path& data_dir);

// All problems of a data directory with SQLite, each a line that names the file: the records, the
// files of versions and images against their SHA-256, and the datasets. Changes nothing.
std::vector<std::string> check_data_dir(const std::filesystem::path& data_dir);

}  // namespace fovea::server
