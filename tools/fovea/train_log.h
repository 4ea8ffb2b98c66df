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

// The epochs in the events.jsonl of a run, for evaluation_json(). Throws IoError, and FormatError
// that names the line.
nlohmann::ordered_json read_epoch_events(const std::filesystem::path& run);

// Reports a run: a progress bar on stderr if it is a terminal, one line per epoch on stdout, and in
// the run folder events.jsonl (appended), results.csv (rewritten each epoch) and checkpoint.fovea.
class TrainLog : public TrainObserver {
 public:
  // `history`: the epochs of a resumed run that are complete. `images`: per epoch.
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
  int images_;  // per epoch
  std::vector<EpochReport> history_;
  ProgressBar bar_{"training"};
  Clock::time_point started_;
  std::int64_t trained_ = 0;         // images since started_
  Clock::time_point last_progress_;  // event
  Clock::time_point last_checkpoint_;
};

}  // namespace fovea::tools
