#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/store/audit_log.h"

namespace fovea::server {

// A version of the model. Only `removed` ever changes.
struct StoredVersion {
  int number = 0;                              // from 1, increasing, never reused
  std::string model_sha256;                    // of the model file in Files
  std::string weights_sha256;                  // of its tensors
  std::optional<std::string> features_sha256;  // of the feature bundle in Files
  std::string manifest;                        // a JSON object, see registry/manifest.h
  std::chrono::system_clock::time_point created;
  std::optional<std::chrono::system_clock::time_point> removed;  // when its files were deleted
};

using Aliases = std::map<std::string, int>;  // name -> version

// The versions and aliases behind the Registry. Every change is committed together with its entry
// in the audit log. Any thread; IoError.
class VersionStore {
 public:
  virtual ~VersionStore() = default;
  // Adds a version and returns its number; ignores version.number. Sets the entry's subject to
  // "version N".
  virtual int add(const StoredVersion& version, AuditEntry entry) = 0;
  // Sets all these aliases in one transaction; nullopt removes an alias.
  virtual void move(const std::map<std::string, std::optional<int>>& aliases,
                    const AuditEntry& entry) = 0;
  virtual void mark_removed(int number, const AuditEntry& entry) = 0;

  virtual std::optional<StoredVersion> find(int number) = 0;
  // The newest first: at most `limit` versions with a number below `before` (0: from the newest).
  virtual std::vector<StoredVersion> newest(int limit, int before = 0) = 0;
  // All versions whose files were not removed, the newest first.
  virtual std::vector<StoredVersion> with_files() = 0;
  virtual int count() = 0;
  virtual Aliases aliases() = 0;
};

}  // namespace fovea::server
