#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::server {

struct AuditEntry {
  std::int64_t id = 0;  // given by the log; only grows
  std::chrono::system_clock::time_point time;
  std::string actor;    // "admin", "local", "job 7", "server"
  std::string action;   // "activate", "publish", "delete predictions" ...
  std::string subject;  // what it was done to: "version 3"
  std::string detail;   // a JSON object
};

// Who did what, in order; nothing is ever taken out.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual void append(const AuditEntry& entry) = 0;  // id is ignored; time 0 means now
  // The newest first: at most `limit` entries with an id below `before` (0 = from the newest).
  virtual std::vector<AuditEntry> newest(int limit, std::int64_t before = 0) = 0;
};

}  // namespace fovea::server
