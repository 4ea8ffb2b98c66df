#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

// A value that is read at the time of a scrape instead of being counted.
struct MetricSample {
  enum class Kind { counter, gauge };
  std::string name;
  std::string help;
  Kind kind = Kind::gauge;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct ProjectMetrics;

// The metrics of a project for GET /metrics (docs/http-api.md lists their names). Counting takes at
// most a short lock. Any thread. Implemented in metrics.cpp; the functions below the class in
// process.cpp.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // An HTTP request was answered; `route` is the pattern of its route.
  void request_finished(std::string_view verb, std::string_view route, int status, double seconds);
  // A classification request ended; outcome: ok, bad_image, late or failed.
  void inference_finished(const std::string& model, const std::string& version,
                          const std::string& outcome);
  // A classification request was rejected; reason: queue_full ...
  void inference_rejected(const std::string& reason);

  // A retrain job ended; state: succeeded, failed, canceled or interrupted.
  void training_finished(std::string_view state);
  // The active version changed.
  void version_activated(bool rollback);

  struct PredictionSample {
    const std::string& model;
    const std::string& version;
    const std::string& label;
    double probability = 0;
    bool uncertain = false;
    double decode_ms = 0, queue_ms = 0, compute_ms = 0;
  };
  void predicted(const PredictionSample& sample);  // an image was classified

  // `source` adds samples at every scrape. Call before the server runs.
  void add_source(std::function<void(std::vector<MetricSample>&)> source);
  // All metrics and these samples in the Prometheus text format 0.0.4.
  std::string text(std::vector<MetricSample> samples) const;

 private:
  friend std::string metrics_text(const std::vector<ProjectMetrics>&, std::vector<MetricSample>);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The metrics of several projects and these samples in one text. Those of a project have its name
// as the label `project`. The metrics of the server (requests, sources) are those of the entry
// without a name, if there is one.
struct ProjectMetrics {
  std::string project;  // empty: without the label
  const Metrics& metrics;
};
std::string metrics_text(const std::vector<ProjectMetrics>& projects,
                         std::vector<MetricSample> samples);

// CPU time, memory, open files and start time of this process, under the standard Prometheus names.
void add_process_samples(std::vector<MetricSample>& samples);
// Resident memory of this process; nullopt without /proc.
std::optional<std::int64_t> resident_bytes();

}  // namespace fovea::server
