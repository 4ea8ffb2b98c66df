#pragma once

#include <filesystem>
#include <memory>

namespace fovea::server {

class AuditLog;
class VersionStore;
class JobStore;
class PredictionStore;
struct HistoryLimits;

// What the service remembers, apart from the immutable files (files.h) and the dataset: one
// interface for each kind of record, each in its own header here. What a call wrote is on the disk
// when the call returns. Any thread; errors of the database are IoError.
class Store {
 public:
  virtual ~Store() = default;
  virtual AuditLog& audit() = 0;
  virtual VersionStore& versions() = 0;
  virtual JobStore& jobs() = 0;
  virtual PredictionStore& predictions() = 0;
};

// The store of one machine: SQLite in one file, which may be new. Throws IoError.
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file);
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file,
                                         const HistoryLimits& history);

}  // namespace fovea::server
