#pragma once

#include <filesystem>
#include <memory>

namespace fovea::server {

class AuditLog;
class VersionStore;
class JobStore;
class PredictionStore;
struct HistoryLimits;

// The persistent state of the server except for the content-addressed files (files.h) and the
// dataset. Each kind of record has an interface in a header of this folder. Changes are on disk
// when a call returns. Any thread; errors of the database are thrown as IoError.
class Store {
 public:
  virtual ~Store() = default;
  virtual AuditLog& audit() = 0;
  virtual VersionStore& versions() = 0;
  virtual JobStore& jobs() = 0;
  virtual PredictionStore& predictions() = 0;
};

// A store in one SQLite file, which is created if it does not exist. Throws IoError.
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file);
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& file,
                                         const HistoryLimits& history);

}  // namespace fovea::server
