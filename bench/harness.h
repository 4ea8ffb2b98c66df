#pragma once

// Timing and reporting for the benchmarks: work is repeated until a run is long enough to be timed,
// several runs are made, and each case prints one JSON line to standard output.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::bench {

struct Options {
  double run_seconds = 0.3;  // length of one run
  int runs = 7;              // the median of them is the value; at least 5
};

inline double seconds_now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// The q-quantile (0 <= q <= 1) by the nearest rank. REQUIRES: not empty.
inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto rank = std::lround(q * static_cast<double>(values.size() - 1));
  return values[static_cast<std::size_t>(rank)];
}

// The rate of each run: `amount` (of one call) per second.
template <typename Work>
std::vector<double> measure(double amount, const Work& work, const Options& options = {}) {
  work();  // warm-up: caches, memory, clock frequency
  double start = seconds_now();
  work();
  const double once = std::max(seconds_now() - start, 1e-7);
  const int repeats = std::max(1, static_cast<int>(options.run_seconds / once));
  std::vector<double> rates;
  for (int run = 0; run < options.runs; ++run) {
    start = seconds_now();
    for (int i = 0; i < repeats; ++i) work();
    rates.push_back(amount * repeats / (seconds_now() - start));
  }
  return rates;
}

inline std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

// Prints one line with the median, minimum and maximum of the runs and the environment. bench/run
// sets FOVEA_COMMIT. `extra` adds fields of the case.
inline void report(std::string_view name, int threads, std::string_view unit,
                   const std::vector<double>& runs, const nlohmann::ordered_json& extra = {}) {
  const char* commit = std::getenv("FOVEA_COMMIT");
  nlohmann::ordered_json line = {{"case", name},
                                 {"threads", threads},
                                 {"value", quantile(runs, 0.5)},
                                 {"unit", unit},
                                 {"min", *std::min_element(runs.begin(), runs.end())},
                                 {"max", *std::max_element(runs.begin(), runs.end())},
                                 {"runs", runs.size()}};
  if (!extra.is_null()) line.update(extra);
  line["compiler"] = "g++ " __VERSION__;
  line["cpu"] = cpu_name();
  line["commit"] = commit ? commit : "unknown";
  std::puts(line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace fovea::bench
