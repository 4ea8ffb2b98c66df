#include <algorithm>

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/audit.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/job_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

std::int64_t parse_id(std::string_view text, const char* what) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < 0) {
    throw HttpError(400, fmt::format("{} \"{}\" is not a whole number", what, text.substr(0, 100)));
  }
  return *number;
}

Job find_job(const Request& request, const Jobs& jobs) {
  return jobs.find(parse_id(request.params.at(0).second, "the job"));
}

void audit_job(const Request& request, App& app, const std::string& action, const Job& job,
               const Json& detail = Json::object()) {
  audit(*app.store, request, action, fmt::format("job {}", job.id), detail);
}

Reply accepted(App& app, const Job& job) {
  Reply reply = json_reply(app.jobs().show(job), 202);
  reply.fields.emplace_back("Location", fmt::format("{}/jobs/{}", app.api, job.id));
  return reply;
}

// Removes the kind from the body, which then contains the options.
std::string take_kind(Json& body) {
  std::string kind = read_text(body, "kind");
  if (kind.empty()) throw HttpError(400, "\"kind\" is missing: retrain, evaluate or import");
  body.erase("kind");
  return kind;
}

// The id of the last event that the client received. Browsers send it when they reconnect, so the
// header overrides the query.
std::int64_t read_last_event(const Request& request) {
  const auto after = find_field(request.query, "after");
  const std::int64_t first = after ? parse_id(*after, "after") : 0;
  const auto header = request.field("Last-Event-ID");
  return header ? parse_id(*header, "Last-Event-ID") : first;
}

std::string read_idempotency_key(const Request& request) {
  std::string key(request.field("Idempotency-Key").value_or(""));
  const bool printable =
      std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (key.size() > 200 || !printable) {
    throw HttpError(400, "an Idempotency-Key has at most 200 printable ASCII characters");
  }
  return key;
}

}  // namespace

Reply submit_job(const Request& request, App& app, const std::string& kind, const Json& options) {
  const auto submitted = app.jobs().submit(kind, options, read_idempotency_key(request));
  if (submitted.created) {
    audit_job(request, app, "start job", submitted.job, {{"kind", kind}, {"options", options}});
  }
  return accepted(app, app.jobs().find(submitted.job.id));
}

Reply create_job(const Request& request, App& app) {
  Json options = read_object(request);
  const std::string kind = take_kind(options);
  return submit_job(request, app, kind, options);
}

Reply plan_job(const Request& request, App& app) {
  Json options = read_object(request);
  const std::string kind = take_kind(options);
  return json_reply(app.jobs().plan(kind, options));
}

Reply list_jobs(const Request& request, App& app) {
  const Page page = read_page(request, 100, 20);
  const auto jobs = app.store->jobs().newest(page.limit, page.before);
  Json list = Json::array();
  for (const Job& job : jobs) list.push_back(app.jobs().show_short(job));
  Json body = {{"jobs", std::move(list)}};
  if (jobs.size() == static_cast<std::size_t>(page.limit) && jobs.back().id > 1) {
    body["next"] = next_page(app.api + "/jobs", page, jobs.back().id);
  }
  return json_reply(body);
}

Reply show_job(const Request& request, App& app) {
  return json_reply(app.jobs().show(find_job(request, app.jobs())));
}

Reply cancel_job(const Request& request, App& app) {
  const Job job = app.jobs().cancel(parse_id(request.params.at(0).second, "the job"));
  audit_job(request, app, "cancel job", job);
  return json_reply(app.jobs().show(job), has_ended(job.state) ? 200 : 202);
}

Reply resume_job(const Request& request, App& app) {
  const Job job = app.jobs().resume(parse_id(request.params.at(0).second, "the job"));
  audit_job(request, app, "resume job", job);
  return accepted(app, job);
}

Reply follow_job(const Request& request, App& app) {
  const Job job = find_job(request, app.jobs());
  const std::int64_t after = read_last_event(request);
  if (has_ended(job.state) && app.store->jobs().events(job.id, after, 1).empty()) {
    Reply reply;  // no further events: browsers stop reconnecting after a 204
    reply.status = 204;
    return reply;
  }
  return sse_reply(app.jobs().follow(job.id, after));
}

Reply follow_everything(const Request& request, App& app) {
  const auto header = request.field("Last-Event-ID");
  return sse_reply(app.hub.subscribe(
      header ? *header : find_field(request.query, "after").value_or(std::string_view())));
}

}  // namespace fovea::server
