#include "server/jobs/retrain_estimate.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "server/store/job_store.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLooked = 100;  // jobs
constexpr int kPage = 1000;   // events read at once

// What a job has told of its work.
struct Measured {
  std::string mode;
  double epochs = 0, shown = 0;  // as planned
  double epoch_seconds = 0;      // of all epochs
  int runs = 0;                  // more than one: it was resumed
};

double number(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

Measured measure(JobStore& store, std::int64_t job) {
  Measured measured;
  std::map<double, double> seconds;  // by epoch
  std::int64_t after = 0;
  while (true) {
    const auto events = store.events(job, after, kPage);
    for (const JobEvent& stored : events) {
      const Json event = Json::parse(stored.event, nullptr, false);
      if (!event.is_object()) continue;
      const std::string name = text(event, "event");
      if (name == "state" && text(event, "state") == "running") ++measured.runs;
      if (name == "start") {
        measured.mode = text(event, "mode");
        measured.epochs = number(event, "epochs");
        measured.shown = number(event, "shown_images");
      }
      if (name == "epoch") seconds[number(event, "epoch")] = number(event, "seconds");
    }
    if (events.size() < static_cast<std::size_t>(kPage)) break;
    after = events.back().number;
  }
  for (const auto& [epoch, time] : seconds) measured.epoch_seconds += std::max(time, 0.0);
  return measured;
}

double scaled(const Measured& measured, double whole, const RetrainPlan& plan) {
  const double growth = static_cast<double>(plan.images_per_epoch()) / measured.shown;
  // The head learns mostly from remembered features, of which there are as many whatever is new.
  const double by_images = plan.mode == RetrainMode::full ? growth : std::max(1.0, growth);
  const double rest = std::max(0.0, whole - measured.epoch_seconds);
  return measured.epoch_seconds * plan.recipe.epochs / measured.epochs * by_images +
         rest * std::max(1.0, growth);
}

}  // namespace

std::optional<Estimate> estimate_retrain(JobStore& store, const RetrainPlan& plan) {
  for (const Job& job : store.newest(kLooked)) {
    const bool done = job.kind == "retrain" && job.state == JobState::succeeded;
    if (!done || !job.started || !job.ended) continue;
    const Measured measured = measure(store, job.id);
    if (measured.mode != to_string(plan.mode) || measured.runs != 1) continue;
    if (!(measured.epochs > 0 && measured.shown > 0)) continue;  // of an earlier version
    const double whole = std::chrono::duration<double>(*job.ended - *job.started).count();
    return Estimate{scaled(measured, whole, plan), job.id};
  }
  return std::nullopt;
}

}  // namespace fovea::server
