#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/store/audit_log.h"

namespace fovea::server {

// One version of the model: a row that never changes but for `removed`.
struct StoredVersion {
  int number = 0;                              // from 1, only grows, never used again
  std::string model_sha256;                    // of the model file in Files
  std::string weights_sha256;                  // of its tensors
  std::optional<std::string> features_sha256;  // of the feature bundle in Files
  std::string manifest;                        // a JSON object, see registry/manifest.h
  std::chrono::system_clock::time_point created;
  std::optional<std::chrono::system_clock::time_point> removed;  // when its files were given up
};

using Aliases = std::map<std::string, int>;  // name -> version

// The rows behind the Registry, which keeps them true to the files. Every change comes with its
// entry of the audit log and is one transaction: both are there or neither. Any thread; IoError.
class VersionStore {
 public:
  virtual ~VersionStore() = default;
  // Gives the version its number (the one in `version` is ignored) and returns it. The entry's
  // subject becomes "version N".
  virtual int add(const StoredVersion& version, AuditEntry entry) = 0;
  // Moves all these aliases at once; nullopt takes one away.
  virtual void move(const std::map<std::string, std::optional<int>>& aliases,
                    const AuditEntry& entry) = 0;
  virtual void mark_removed(int number, const AuditEntry& entry) = 0;

  virtual std::optional<StoredVersion> find(int number) = 0;
  // The newest first: at most `limit` versions with a number below `before` (0 = from the newest).
  virtual std::vector<StoredVersion> newest(int limit, int before = 0) = 0;
  // All whose files are still kept, the newest first.
  virtual std::vector<StoredVersion> kept() = 0;
  virtual int count() = 0;
  virtual Aliases aliases() = 0;
};

}  // namespace fovea::server
