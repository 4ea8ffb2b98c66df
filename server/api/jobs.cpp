#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/api/job_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t read_whole(std::string_view text, const std::string& what) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    throw HttpError(400, what + " \"" + std::string(text.substr(0, 100)) + "\" is no whole number");
  }
  return number;
}

std::int64_t job_of(const Request& request) {
  return read_whole(request.params.at(0).second, "the job");
}

// Out of the body; what remains are the options.
std::string take_kind(Json& body) {
  std::string kind = read_text(body, "kind");
  if (kind.empty()) throw HttpError(400, "\"kind\" is missing: retrain, evaluate or import");
  body.erase("kind");
  return kind;
}

// The number of the last event the client has: what it says when it comes back counts.
std::int64_t read_after(const Request& request) {
  const auto given = find_field(request.query, "after");
  const std::int64_t after = given ? read_whole(*given, "after") : 0;
  const auto seen = request.field("Last-Event-ID");
  return seen ? read_whole(*seen, "Last-Event-ID") : after;
}

}  // namespace

Reply submit_job(const Request& request, App& app, const std::string& kind, const Json& options) {
  const std::string key(request.field("Idempotency-Key").value_or(""));
  for (const char c : key) {
    if (key.size() > 200 || c < ' ' || c > '~') {
      throw HttpError(400, "an Idempotency-Key has at most 200 printable ASCII characters");
    }
  }
  const auto submitted = app.jobs.submit(kind, options, key);
  if (submitted.created) {
    app.store->audit().append({0,
                               {},
                               request.actor,
                               "start job",
                               "job " + std::to_string(submitted.job.id),
                               Json({{"kind", kind}, {"options", options}}).dump()});
  }
  Reply reply = json_reply(app.jobs.show(app.jobs.find(submitted.job.id)), 202);
  reply.fields.emplace_back("Location", "/api/v1/jobs/" + std::to_string(submitted.job.id));
  return reply;
}

Reply create_job(const Request& request, App& app) {
  Json options = read_object(request);
  const std::string kind = take_kind(options);
  return submit_job(request, app, kind, options);
}

Reply plan_job(const Request& request, App& app) {
  Json options = read_object(request);
  const std::string kind = take_kind(options);
  return json_reply(app.jobs.plan(kind, options));
}

Reply list_jobs(const Request& request, App& app) {
  const auto limit = static_cast<int>(read_number(request, "limit", 1, 100, 20));
  const std::int64_t before =
      read_number(request, "before", 1, std::numeric_limits<std::int64_t>::max(), 0);
  const auto jobs = app.store->jobs().newest(limit, before);
  Json list = Json::array();
  for (const Job& job : jobs) list.push_back(app.jobs.show_short(job));
  Json body = {{"jobs", std::move(list)}};
  if (jobs.size() == static_cast<std::size_t>(limit) && jobs.back().id > 1) {
    body["next"] =
        "/api/v1/jobs?limit=" + std::to_string(limit) + "&before=" + std::to_string(jobs.back().id);
  }
  return json_reply(body);
}

Reply show_job(const Request& request, App& app) {
  return json_reply(app.jobs.show(app.jobs.find(job_of(request))));
}

Reply cancel_job(const Request& request, App& app) {
  const Job job = app.jobs.cancel(job_of(request));
  app.store->audit().append(
      {0, {}, request.actor, "cancel job", "job " + std::to_string(job.id), "{}"});
  return json_reply(app.jobs.show(job), has_ended(job.state) ? 200 : 202);
}

Reply resume_job(const Request& request, App& app) {
  const Job job = app.jobs.resume(job_of(request));
  app.store->audit().append(
      {0, {}, request.actor, "resume job", "job " + std::to_string(job.id), "{}"});
  Reply reply = json_reply(app.jobs.show(job), 202);
  reply.fields.emplace_back("Location", "/api/v1/jobs/" + std::to_string(job.id));
  return reply;
}

Reply follow_job(const Request& request, App& app) {
  const Job job = app.jobs.find(job_of(request));
  const std::int64_t after = read_after(request);
  if (has_ended(job.state) && app.store->jobs().events(job.id, after, 1).empty()) {
    Reply reply;  // nothing will come: a browser stops asking after a 204
    reply.status = 204;
    return reply;
  }
  return sse_reply(app.jobs.follow(job.id, after));
}

Reply follow_everything(const Request& request, App& app) {
  const auto seen = request.field("Last-Event-ID");
  return sse_reply(app.hub.subscribe(
      seen ? *seen : find_field(request.query, "after").value_or(std::string_view())));
}

}  // namespace fovea::server
