#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "server/metrics/metrics.h"

namespace fovea::server {
namespace {

using Kind = MetricSample::Kind;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// When static initialization ran: close enough to the start of the process.
const auto kProcessStart = std::chrono::system_clock::now();

}  // namespace

std::optional<std::int64_t> resident_bytes() {
  std::int64_t all = 0, resident = 0;
  if (!(std::ifstream("/proc/self/statm") >> all >> resident)) return std::nullopt;
  return resident * sysconf(_SC_PAGESIZE);
}

void add_process_samples(std::vector<MetricSample>& samples) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  samples.push_back({"process_cpu_seconds_total",
                     "User and system CPU time.",
                     Kind::counter,
                     {},
                     seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)});
  if (const auto resident = resident_bytes()) {
    samples.push_back({"process_resident_memory_bytes",
                       "Resident memory.",
                       Kind::gauge,
                       {},
                       static_cast<double>(*resident)});
  }
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) {
    // One of them is the directory that is being read.
    samples.push_back({"process_open_fds",
                       "Open file descriptors.",
                       Kind::gauge,
                       {},
                       static_cast<double>(std::distance(begin(files), end(files)) - 1)});
  }
  samples.push_back({"process_start_time_seconds",
                     "Start time of the process, seconds since 1970.",
                     Kind::gauge,
                     {},
                     std::chrono::duration<double>(kProcessStart.time_since_epoch()).count()});
}

}  // namespace fovea::server
