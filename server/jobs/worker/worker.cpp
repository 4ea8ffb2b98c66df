#include "server/jobs/worker/worker.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

RetrainResult run_training(const JobContext& job) {
  if (job.spec().backbone) return run_backbone_job(job);
  return job.spec().first ? run_first_training_job(job) : run_retrain_job(job);
}

Json run(const JobContext& job) {
  const std::string& kind = job.spec().kind;
  if (kind == "retrain") return to_json(run_training(job));
  if (kind == "evaluate") return to_json(run_evaluate_job(job));
  if (kind == "import") return to_json(run_import_job(job));
  throw FormatError("unknown job kind \"" + kind + "\"");
}

}  // namespace

int run_worker(const fs::path& folder) {
  const StopSignals signals;
  JobContext job(folder);
  try {
    job.read_spec();
    write_result(folder, run(job));
    return kJobSucceeded;
  } catch (const JobStopped&) {
    return kJobStopped;
  } catch (const std::exception& error) {
    job.send(job_event::kError, {{"reason", error.what()}});
    std::fprintf(stderr, "fovea: %s\n", error.what());
    return kJobFailed;
  }
}

void JobContext::send(const char* event, const Json& fields) const {
  Json line = {{"event", event}};
  line.update(fields);
  const std::string text = dump(line);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError(std::string("cannot write job events to stdout: ") + std::strerror(errno));
  }
}

void JobContext::write(const char* file, const std::vector<std::uint8_t>& bytes) const {
  write_file_atomically(folder_ / file, bytes);
}

void JobContext::write(const char* file, const Json& contents) const {
  write_file_atomically(folder_ / file, dump(contents));
}

void throw_if_stopped() {
  if (StopSignals::received() != 0) throw JobStopped{};
}

bool ProgressLimiter::due() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(500)) return false;
  last_ = now;
  return true;
}

}  // namespace fovea::server
