#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/retrain/retrain.h"
#include "server/jobs/worker/worker.h"

// What the kinds of training of the worker have in common.
namespace fovea::server {

inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kFeaturesFile = "model.features.safetensors";
inline constexpr std::uint64_t kMaxModel = std::uint64_t{1} << 30;  // bytes of a file

// Sends progress and epochs to the server, writes checkpoints, and stops the training after a
// signal.
class JobProgressReporter : public RetrainObserver {
 public:
  JobProgressReporter(const JobContext& job, int epochs) : job_(job), epochs_(epochs) {}

  Control on_phase(const std::string& phase) override;
  Control on_batch(const BatchReport& report) override;
  Control on_epoch(const EpochReport& report, const Network&) override;
  void on_checkpoint(std::span<const std::uint8_t> bytes) override;

 private:
  using Clock = std::chrono::steady_clock;

  const JobContext& job_;
  const int epochs_;
  std::string phase_;
  ProgressLimiter limiter_;
  std::int64_t first_step_ = -1;  // of this process; -1: none yet
  std::int64_t images_ = 0;       // trained on since started_
  Clock::time_point started_;
  Clock::time_point saved_ = Clock::now();  // the last checkpoint
};

nlohmann::ordered_json epoch_json(const EpochReport& report, int epochs);

// The checkpoint of an earlier run of this job; empty: there is none.
std::vector<std::uint8_t> read_checkpoint_file(const JobContext& job);

// Opens the dataset such that every image added or relabelled afterwards has a later added_at
// (seconds) than all images in it: the next retraining recognises new images by that. Holds the
// lock, so no writer is active, and waits until the second of the newest image is over.
Dataset open_snapshot(const std::filesystem::path& folder);

}  // namespace fovea::server
