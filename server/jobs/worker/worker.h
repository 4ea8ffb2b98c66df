#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "server/jobs/job_protocol.h"

namespace fovea::server {

// The main function of the worker process, `fovea job FOLDER`: runs the job of the folder and
// returns the exit code (job_protocol.h). Errors are printed to stderr and sent as an event.
int run_worker(const std::filesystem::path& folder);

// A running job: its description and its connection to the server.
class JobContext {
 public:
  explicit JobContext(std::filesystem::path job_folder) : folder_(std::move(job_folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  const JobSpec& spec() const { return spec_; }
  void read_spec() { spec_ = read_job(folder_); }  // IoError, FormatError

  // Prints one event: {"event": name, ...fields}. Throws IoError when stdout is closed.
  void send(const char* event, const nlohmann::ordered_json& fields) const;
  // Writes a file into the folder, atomically. Throws IoError.
  void write(const char* file, const std::vector<std::uint8_t>& bytes) const;
  void write(const char* file, const nlohmann::ordered_json& contents) const;

 private:
  std::filesystem::path folder_;
  JobSpec spec_;
};

// Thrown after a stop signal. Everything needed to resume the job is on disk.
struct JobStopped {};
void throw_if_stopped();

// Limits progress events to two per second.
class ProgressLimiter {
 public:
  bool due();

 private:
  std::chrono::steady_clock::time_point last_{};
};

// Run one kind of job each. Throw JobStopped, IoError or FormatError.
RetrainResult run_retrain_job(const JobContext& job);
RetrainResult run_first_training_job(const JobContext& job);  // REQUIRES: job.spec().first
RetrainResult run_backbone_job(const JobContext& job);        // REQUIRES: job.spec().backbone
EvaluateResult run_evaluate_job(const JobContext& job);
ImportResult run_import_job(const JobContext& job);

}  // namespace fovea::server
