#include "tools/fovea/job.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tools/fovea/train_log.h"
#include "tools/fovea/verbs.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1, kStopped = 3;  // exit codes that the server tells apart

// Large blocks go back to the system when freed: the phases of a job must not add up.
void keep_memory_low() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_ARENA_MAX, 2);
#endif
}

Job read_job(const fs::path& folder) {
  Job job;
  job.folder = folder;
  const auto bytes = read_file(folder / "job.json", 1 << 20);
  job.description = JobJson::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!job.description.is_object()) {
    throw FormatError((folder / "job.json").string() + " is not a JSON object");
  }
  job.threads = std::max(1, job.description.value("threads", 1));
  return job;
}

JobJson run(const Job& job) {
  const std::string kind = job.description.at("kind").get<std::string>();
  if (kind == "retrain") return run_retrain_job(job);
  if (kind == "evaluate") return run_evaluate_job(job);
  if (kind == "import") return run_import_job(job);
  throw FormatError("a job of kind \"" + kind + "\" is not known");
}

int run_folder(const fs::path& folder) {
  keep_memory_low();
  const StopSignals signals;
  Job job;
  job.folder = folder;
  try {
    job = read_job(folder);
    JobJson result = {{"event", "result"}};
    result.update(run(job));
    job.write("result.json", result);
    return 0;
  } catch (const JobStopped&) {
    return kStopped;
  } catch (const std::exception& error) {
    job.tell("error", {{"reason", error.what()}});
    std::fprintf(stderr, "fovea: %s\n", error.what());
    return kFailed;
  }
}

}  // namespace

void Job::tell(const char* name, const JobJson& fields) const {
  JobJson line = {{"event", name}};
  line.update(fields);
  const std::string text = line.dump(-1, ' ', false, JobJson::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError(std::string("nobody reads what this job has to tell: ") + std::strerror(errno));
  }
}

void Job::write(const char* file, const std::vector<std::uint8_t>& bytes) const {
  write_file_atomically(folder / file, bytes);
}

void Job::write(const char* file, const JobJson& contents) const {
  write_file_atomically(folder / file,
                        contents.dump(-1, ' ', false, JobJson::error_handler_t::replace) + "\n");
}

void throw_if_stopped() {
  if (StopSignals::received() != 0) throw JobStopped{};
}

bool JobPace::due() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(500)) return false;
  last_ = now;
  return true;
}

void add_job(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("job", "What a server runs beside itself; not for people");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("folder", *folder, "The job's folder, with job.json")->required();
  verb->group("");  // not listed
  verb->callback([folder] {
    const int code = run_folder(*folder);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace fovea::tools
