
#include "server/api/handlers.h"
#include "server/api/job_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

constexpr int kMaxSearched = 100;  // newest jobs among which the latest retraining is searched

Json status_json(App& app, const Job& job) {
  const Json shown = app.jobs().show(job);
  Json status;
  if (!has_ended(job.state)) {
    status = {{"status", "in_progress"}, {"message", "The model is being retrained"}};
  } else if (job.state == JobState::succeeded) {
    status = {{"status", "completed"}, {"message", shown["result"].value("promotion", "")}};
  } else {
    const std::string reason = job.reason.empty() ? "" : ": " + job.reason;
    status = {{"status", "failed"}, {"message", std::string(to_string(job.state)) + reason}};
  }
  status["start_time"] = iso_time(job.started.value_or(job.created));
  if (job.ended) status["end_time"] = iso_time(*job.ended);
  if (job.state == JobState::succeeded) {
    if (shown.contains("accuracy")) status["final_accuracy"] = shown["accuracy"];
    if (shown.contains("val_accuracy")) status["final_val_accuracy"] = shown["val_accuracy"];
  }
  return status;
}

}  // namespace

Reply legacy_retrain(const Request& request, App& app) {
  try {
    submit_job(request, app, "retrain", Json::object());
  } catch (const JobRefusal& refusal) {
    if (refusal.status != 409) throw;
    throw HttpError(400, refusal.what());
  }
  return json_reply({{"message", "Retraining has started"},
                     {"status", "in_progress"},
                     {"check_status_url", "/api/retrain/status"}});
}

Reply show_legacy_retrain(const Request&, App& app) {
  Json status = Json::object();
  for (const Job& job : app.store->jobs().newest(kMaxSearched)) {
    if (job.kind != "retrain") continue;
    status = status_json(app, job);
    break;
  }
  return json_reply({{"is_retraining", app.jobs().retraining()}, {"status", std::move(status)}});
}

}  // namespace fovea::server
