#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/retrain/retrain_plan.h"

// The contract between the server and its worker process, `fovea job FOLDER`
// (docs/decisions/0013-jobs.md). The server writes FOLDER/job.json and starts the worker. The
// worker prints events to stdout, one JSON object per line, and writes FOLDER/result.json when it
// has succeeded. Both programs use the constants and types below.
namespace fovea::server {

inline constexpr const char* kJobFile = "job.json";
inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kLogFile = "stderr.log";

// Values of "event" in a line of the worker. `progress` replaces the previous one and is not
// stored; the others are stored with the job.
namespace job_event {
inline constexpr const char* kStart = "start";
inline constexpr const char* kProgress = "progress";
inline constexpr const char* kEpoch = "epoch";
inline constexpr const char* kCheckpoint = "checkpoint";
inline constexpr const char* kError = "error";
inline constexpr const char* kResult = "result";  // only in result.json
}  // namespace job_event

// Exit codes of the worker.
inline constexpr int kJobSucceeded = 0;
inline constexpr int kJobFailed = 1;
inline constexpr int kJobStopped = 3;  // stopped by a signal; checkpoints stay on disk

// The model version a job works on.
struct JobModel {
  int version = 0;
  std::filesystem::path model;
  std::filesystem::path features;  // empty: the version has no feature statistics
  ChampionData trained_on;         // its training data
};

// What the first version of a project is made from.
struct FirstModel {
  std::string name;    // of the model
  std::string preset;  // of its network
};

// The pretrained network whose features a project uses (docs/decisions/0028-transfer.md).
struct BackboneModel {
  std::string name;
  std::filesystem::path file;
  std::string model_name;  // of the result
};

// The contents of job.json.
struct JobSpec {
  std::string kind;  // retrain, evaluate, import
  std::int64_t id = 0;
  int threads = 1;
  std::filesystem::path data_dir;
  std::string dataset;
  JobModel champion;                      // version 0: the project has none
  std::optional<FirstModel> first;        // of a retrain job without a champion and backbone
  std::optional<BackboneModel> backbone;  // of a retrain job: of the project, if it has one
  nlohmann::ordered_json options =
      nlohmann::ordered_json::object();  // of the kind, model_job_handler.h
};

// Results of the three kinds of job, the contents of result.json. Files are named relative to the
// folder of the job.
struct RetrainResult {
  std::string mode;
  std::string model, features;  // files
  nlohmann::ordered_json manifest = nlohmann::ordered_json::object();
  nlohmann::ordered_json verdict, forgetting;  // engine/report/gate_json.h
  // A file with the evaluation on the test images, if the file of features does not contain it.
  std::string evaluation{};
};
struct EvaluateResult {
  std::string evaluation;  // file
  std::int64_t images = 0;
  double accuracy = 0;
};
struct ImportResult {
  std::string source;
  std::int64_t added = 0, duplicates = 0, rejected = 0;
};

nlohmann::ordered_json to_json(const RetrainResult& result);
nlohmann::ordered_json to_json(const EvaluateResult& result);
nlohmann::ordered_json to_json(const ImportResult& result);
// Throw FormatError naming the key that is missing or has the wrong type.
RetrainResult parse_retrain_result(const nlohmann::ordered_json& json);
EvaluateResult parse_evaluate_result(const nlohmann::ordered_json& json);

// Creates the folder, removing an earlier one of that name, and writes job.json. Throws IoError.
void write_job(const std::filesystem::path& folder, const JobSpec& spec);
bool has_job(const std::filesystem::path& folder);
// Throws IoError, FormatError. The paths of the job follow a data directory that was renamed.
JobSpec read_job(const std::filesystem::path& folder);

// Writes result.json: the result and "event": "result". Throws IoError.
void write_result(const std::filesystem::path& folder, const nlohmann::ordered_json& result);
bool has_result(const std::filesystem::path& folder);
// The result without "event". Throws IoError when there is none, FormatError when it is malformed.
nlohmann::ordered_json read_result(const std::filesystem::path& folder);
// The path of a file that a result names. Throws FormatError unless it lies in the folder.
std::filesystem::path result_file(const std::filesystem::path& folder, const std::string& name);

// Removes models and checkpoints; job.json, result.json and the log stay.
void remove_job_data(const std::filesystem::path& folder) noexcept;

// A line of the worker's stdout: an object with a string "event"; discarded if it is anything else.
nlohmann::ordered_json parse_event(std::string_view line);

}  // namespace fovea::server
