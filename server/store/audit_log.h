#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::server {

struct AuditEntry {
  std::int64_t id = 0;  // assigned by the log, increasing
  std::chrono::system_clock::time_point time;
  std::string actor;    // "admin", "local", "job 7", "server"
  std::string action;   // "activate", "publish", "delete predictions" ...
  std::string subject;  // "version 3"
  std::string detail;   // a JSON object
};

// The audit log: who did what, in order. Entries are never removed. Any thread; IoError.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual void append(const AuditEntry& entry) = 0;  // ignores id; time 0 means now
  // The newest first: at most `limit` entries with an id below `before` (0: from the newest).
  virtual std::vector<AuditEntry> newest(int limit, std::int64_t before = 0) = 0;
};

}  // namespace fovea::server
