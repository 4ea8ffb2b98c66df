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

// A number that is read when someone asks, not counted as it happens.
struct MetricSample {
  enum class Kind { counter, gauge };
  std::string name;
  std::string help;
  Kind kind = Kind::gauge;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// What GET /metrics shows (docs/http-api.md has the names). Counting costs a short lock and no
// look-up in the library's own tables. Any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // One answered HTTP request; `route` is the pattern of the route.
  void answered(std::string_view verb, std::string_view route, int status, double seconds);
  // One request for classification: outcome ok, bad_image, late, failed.
  void settled(const std::string& model, const std::string& version, const std::string& outcome);
  // One that was not taken: reason queue_full ...
  void rejected(const std::string& reason);

  // A retraining's run has ended: state succeeded, failed, canceled, interrupted.
  void trained(std::string_view state);
  // Another version came into service.
  void swapped(bool rollback);

  struct Answer {
    const std::string& model;
    const std::string& version;
    const std::string& label;
    double probability = 0;
    bool uncertain = false;
    double decode_ms = 0, queue_ms = 0, compute_ms = 0;
  };
  void predicted(const Answer& answer);

  // Adds samples whenever someone asks. Before the server runs.
  void add_source(std::function<void(std::vector<MetricSample>&)> source);
  // Everything, with these samples too, in the Prometheus text format 0.0.4.
  std::string text(std::vector<MetricSample> samples) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// CPU time, memory, open files and start of this process, under the names Prometheus gives them.
void add_process_samples(std::vector<MetricSample>& samples);
// Memory in use by this process; nothing when the system does not tell.
std::optional<std::int64_t> resident_bytes();

}  // namespace fovea::server
