#include "server/jobs/worker/train_progress.h"

#include <ctime>
#include <thread>

#include "engine/core/file.h"
#include "engine/data/dataset_lock.h"
#include "engine/train/checkpoint.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr std::chrono::seconds kCheckpointInterval{5};
constexpr std::chrono::minutes kDatasetLockTimeout{10};           // an import may hold the lock
constexpr std::uint64_t kMaxCheckpoint = std::uint64_t{1} << 30;  // bytes of a file

Control stop_if_signalled() {
  return StopSignals::received() != 0 ? Control::stop : Control::keep_going;
}

}  // namespace

Json epoch_json(const EpochReport& report, int epochs) {
  Json json = {{"epoch", report.epoch + 1},
               {"epochs", epochs},
               {"train_loss", report.train_loss},
               {"train_accuracy", report.train_accuracy},
               {"seconds", report.seconds}};
  if (report.lr > 0) json["lr"] = report.lr;  // mode frozen fits the head without a learning rate
  if (report.validated) {
    json["val_loss"] = report.val_loss;
    json["val_accuracy"] = report.val_accuracy;
  }
  return json;
}

Control JobProgressReporter::on_phase(const std::string& phase) {
  phase_ = phase;
  job_.send(job_event::kProgress, {{"phase", phase_}, {"epochs", epochs_}});
  return stop_if_signalled();
}

Control JobProgressReporter::on_batch(const BatchReport& report) {
  // The rate is measured from the end of the first batch.
  if (first_step_ < 0) {
    first_step_ = report.step;
    started_ = Clock::now();
  } else {
    images_ += report.images;
  }
  if (limiter_.due()) {
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    const auto steps = static_cast<double>(report.step - first_step_);
    Json progress = {{"phase", phase_},
                     {"epoch", report.epoch + 1},
                     {"epochs", epochs_},
                     {"step", report.step + 1},
                     {"steps", report.total_steps},
                     {"loss", report.loss},
                     {"accuracy", report.accuracy},
                     {"lr", report.lr}};
    if (steps > 0 && seconds > 0) {
      progress["images_per_second"] = static_cast<double>(images_) / seconds;
      progress["eta_seconds"] =
          static_cast<double>(report.total_steps - report.step - 1) * seconds / steps;
    }
    job_.send(job_event::kProgress, progress);
  }
  return stop_if_signalled();
}

Control JobProgressReporter::on_epoch(const EpochReport& report, const Network&) {
  job_.send(job_event::kEpoch, epoch_json(report, epochs_));
  if (stop_if_signalled() == Control::stop) return Control::stop;
  return Clock::now() - saved_ >= kCheckpointInterval ? Control::checkpoint : Control::keep_going;
}

void JobProgressReporter::on_checkpoint(std::span<const std::uint8_t> bytes) {
  write_file_atomically(job_.folder() / kCheckpointFile, bytes);
  saved_ = Clock::now();
  job_.send(job_event::kCheckpoint, {{"bytes", bytes.size()}});
}

std::vector<std::uint8_t> read_checkpoint_file(const JobContext& job) {
  const auto path = job.folder() / kCheckpointFile;
  std::error_code error;
  return std::filesystem::exists(path, error) ? read_file(path, kMaxCheckpoint)
                                              : std::vector<std::uint8_t>();
}

Dataset open_snapshot(const std::filesystem::path& folder) {
  const DatasetLock lock(folder, kDatasetLockTimeout);
  Dataset dataset = Dataset::open(folder);
  while (std::time(nullptr) == newest_addition(dataset.index())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return dataset;
}

}  // namespace fovea::server
