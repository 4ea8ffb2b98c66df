#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace fovea::tools {

using JobJson = nlohmann::ordered_json;

// A job that a server runs as `fovea job FOLDER` (docs/decisions/0013): FOLDER/job.json says what
// to do, JSON lines on stdout what happens, FOLDER/result.json that it is done.
// NOLINTNEXTLINE(bugprone-exception-escape): moving JSON does not throw, tidy cannot see it
struct Job {
  std::filesystem::path folder;
  JobJson description;  // job.json
  int threads = 1;

  std::filesystem::path data_dir() const { return description.at("data_dir").get<std::string>(); }
  std::string dataset() const { return description.at("dataset").get<std::string>(); }
  const JobJson& options() const { return description.at("options"); }

  // One line for the server: {"event": name, ...fields}. Throws IoError when nobody reads it.
  void tell(const char* name, const JobJson& fields) const;
  void write(const char* file, const std::vector<std::uint8_t>& bytes) const;
  void write(const char* file, const JobJson& contents) const;
};

// Thrown when the job was asked to stop; what is needed to go on is on the disk.
struct JobStopped {};
void throw_if_stopped();

// At most two lines a second.
class JobPace {
 public:
  bool due();

 private:
  std::chrono::steady_clock::time_point last_{};
};

// Each does its kind of job and returns the result, without "event".
JobJson run_retrain_job(const Job& job);
JobJson run_evaluate_job(const Job& job);
JobJson run_import_job(const Job& job);

}  // namespace fovea::tools
