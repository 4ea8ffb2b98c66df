#include "server/jobs/retrain_estimate.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "server/jobs/job_protocol.h"
#include "server/store/job_store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

constexpr int kMaxJobs = 100;  // searched
constexpr int kPage = 1000;    // events read per query

// From the stored events of a job.
struct JobMeasurement {
  std::string mode;
  double epochs = 0, images_per_epoch = 0;  // as planned
  double epoch_seconds = 0;                 // sum over all epochs
  int runs = 0;                             // more than one: it was resumed
};

double number(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

JobMeasurement measure(JobStore& store, std::int64_t job) {
  JobMeasurement measured;
  std::map<double, double> seconds;  // by epoch
  std::int64_t after = 0;
  while (true) {
    const auto events = store.events(job, after, kPage);
    for (const JobEvent& stored : events) {
      const Json event = Json::parse(stored.event, nullptr, false);
      if (!event.is_object()) continue;
      const std::string name = text(event, "event");
      if (name == "state" && text(event, "state") == "running") ++measured.runs;
      if (name == job_event::kStart) {
        measured.mode = text(event, "mode");
        measured.epochs = number(event, "epochs");
        measured.images_per_epoch = number(event, "shown_images");
      }
      if (name == job_event::kEpoch) seconds[number(event, "epoch")] = number(event, "seconds");
    }
    if (events.size() < static_cast<std::size_t>(kPage)) break;
    after = events.back().number;
  }
  for (const auto& [epoch, time] : seconds) measured.epoch_seconds += std::max(time, 0.0);
  return measured;
}

// `total`: seconds of the whole reference job.
double extrapolate(const JobMeasurement& measured, double total, const RetrainPlan& plan) {
  const double ratio = static_cast<double>(plan.images_per_epoch()) / measured.images_per_epoch;
  // Mode frozen trains the head mostly on replayed features, whose number does not shrink with the
  // number of new images.
  const double epoch_ratio = plan.mode == RetrainMode::full ? ratio : std::max(1.0, ratio);
  const double other_seconds = std::max(0.0, total - measured.epoch_seconds);
  return measured.epoch_seconds * plan.recipe.epochs / measured.epochs * epoch_ratio +
         other_seconds * std::max(1.0, ratio);
}

}  // namespace

std::optional<RetrainEstimate> estimate_retrain(JobStore& store, const RetrainPlan& plan) {
  for (const Job& job : store.newest(kMaxJobs)) {
    const bool succeeded = job.kind == "retrain" && job.state == JobState::succeeded;
    if (!succeeded || !job.started || !job.ended) continue;
    const JobMeasurement measured = measure(store, job.id);
    if (measured.mode != to_string(plan.mode) || measured.runs != 1) continue;
    // Earlier versions of the program did not store these.
    if (!(measured.epochs > 0 && measured.images_per_epoch > 0)) continue;
    const double total = std::chrono::duration<double>(*job.ended - *job.started).count();
    return RetrainEstimate{extrapolate(measured, total, plan), job.id};
  }
  return std::nullopt;
}

}  // namespace fovea::server
