// Jobs::show() and show_short(): a job as JSON.

#include <map>

#include "server/jobs/job_protocol.h"
#include "server/jobs/jobs.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

constexpr int kPage = 1000;  // events read per query

Json parse_stored(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_discarded() ? Json() : parsed;
}

// Copies the keys that `from` has.
void copy_keys(Json& to, const Json& from, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (const auto value = from.find(key); value != from.end()) to[key] = *value;
  }
}

// Adds the start event's keys, the epochs and the latest losses from the stored events. Of an epoch
// that was repeated after a resume only the last run counts.
void add_history(Json& body, JobStore& store, std::int64_t id) {
  std::map<double, Json> epochs;
  std::int64_t after = 0;
  while (true) {
    const auto events = store.events(id, after, kPage);
    for (const JobEvent& stored : events) {
      const Json event = parse_stored(stored.event);
      const std::string name = event.is_object() ? event.value("event", "") : "";
      if (name == job_event::kStart) {
        copy_keys(body, event,
                  {"mode", "why", "notes", "epochs", "steps", "train_images", "new_images",
                   "old_images", "replayed_images", "shown_images", "classes", "new_classes"});
      } else if (name == job_event::kEpoch && event.contains("epoch") &&
                 event["epoch"].is_number()) {
        Json epoch = event;
        epoch.erase("event");
        epochs[event["epoch"].get<double>()] = std::move(epoch);
      } else if (name == job_event::kCheckpoint) {
        copy_keys(body, event, {"step"});
      }
    }
    if (events.size() < static_cast<std::size_t>(kPage)) break;
    after = events.back().number;
  }
  Json history = Json::array();
  for (auto& [number, epoch] : epochs) history.push_back(std::move(epoch));
  if (!history.empty()) {
    const Json& last = history.back();
    body["epoch"] = last["epoch"];
    if (last.contains("train_loss")) body["loss"] = last["train_loss"];
    if (last.contains("train_accuracy")) body["accuracy"] = last["train_accuracy"];
    copy_keys(body, last, {"val_loss", "val_accuracy"});
  }
  body["history"] = std::move(history);
}

}  // namespace

Json Jobs::show_short(const Job& job) const {
  Json body = {{"id", job.id}, {"kind", job.kind}, {"state", to_string(job.state)}};
  if (!job.reason.empty()) body["reason"] = job.reason;
  body["options"] = parse_stored(job.options);
  body["created"] = iso_time(job.created);
  body["started"] = job.started ? Json(iso_time(*job.started)) : Json();
  body["ended"] = job.ended ? Json(iso_time(*job.ended)) : Json();
  body["resumable"] = (job.state == JobState::interrupted || job.state == JobState::failed) &&
                      has_job(folder(job.id));
  const std::string self = options_.api + "/jobs/" + std::to_string(job.id);
  body["url"] = self;
  body["events_url"] = self + "/events";
  return body;
}

Json Jobs::show(const Job& job) const {
  Json body = show_short(job);
  add_history(body, store_, job.id);
  if (job.state == JobState::running) {
    {
      const std::lock_guard lock(mutex_);
      const bool stopping_here = running_ == job.id && stop_request_ == StopRequest::cancel;
      if (stopping_here || job.cancel_requested) body["canceling"] = true;
    }
    const std::string progress = feed_->latest_progress(job.id);
    if (!progress.empty()) {
      copy_keys(body, parse_stored(progress),
                {"phase", "epoch", "epochs", "step", "steps", "loss", "accuracy", "lr",
                 "images_per_second", "eta_seconds"});
    }
  }
  body["result"] = job.result.empty() ? Json() : parse_stored(job.result);
  return body;
}

}  // namespace fovea::server
