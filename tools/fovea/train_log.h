#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/train/trainer.h"
#include "server/jobs/worker/stop_signals.h"
#include "tools/fovea/progress.h"

namespace fovea::tools {

// Watches a run: a progress bar on a terminal (stderr), one line an epoch (stdout), and in the run
// folder events.jsonl (appended to), results.csv (rewritten each epoch) and checkpoint.fovea.
class TrainLog : public TrainObserver {
 public:
  // `history` is that of the epochs before a resumed run began.
  TrainLog(std::filesystem::path run, int epochs, int images, std::vector<EpochReport> history);

  Control on_batch(const BatchReport& report) override;
  Control on_epoch(const EpochReport& report, const Network& network) override;
  void on_checkpoint(std::span<const std::uint8_t> checkpoint) override;

  void event(const char* name, nlohmann::json fields);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const BatchReport& report);
  void write_results() const;

  std::filesystem::path run_;
  int epochs_;
  int images_;  // an epoch
  std::vector<EpochReport> history_;
  ProgressBar bar_{"training"};
  Clock::time_point began_;  // the rate is measured from here
  std::int64_t seen_ = 0;    // images since then
  Clock::time_point told_;   // the last progress event
  Clock::time_point saved_;  // the last checkpoint
};

}  // namespace fovea::tools
