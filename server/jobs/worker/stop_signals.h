#pragma once

namespace fovea::server {

// Catches SIGINT and SIGTERM while it exists, so that a training can write a checkpoint and stop. A
// second signal exits the process immediately. One object per process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  static int received();  // the number of the first signal; 0 = none
};

}  // namespace fovea::server
