#include "server/api/problem_of.h"

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_lock.h"
#include "server/app/projects.h"
#include "server/jobs/jobs.h"
#include "server/registry/registry.h"
#include "server/store/store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

Reply with_fields(Reply reply, const Fields& fields) {
  reply.fields.insert(reply.fields.end(), fields.begin(), fields.end());
  return reply;
}

// "/api/v1" of the default project, or "/api/v1/projects/hands".
std::string api_of_path(std::string_view path) {
  constexpr std::string_view kProjects = "/api/v1/projects/";
  if (!path.starts_with(kProjects)) return "/api/v1";
  return std::string(path.substr(0, path.find('/', kProjects.size())));
}

Reply job_problem(const Request& request, const JobRefusal& error) {
  Json more = Json::object();
  if (error.conflicting_job != 0) {
    more["job"] = error.conflicting_job;
    more["url"] = api_of_path(request.path) + "/jobs/" + std::to_string(error.conflicting_job);
  }
  Fields fields;
  if (error.status == 503) fields.emplace_back("Retry-After", "10");
  return with_fields(problem(request, error.status, error.what(), more), fields);
}

}  // namespace

Reply problem_of(const Request& request, const std::exception_ptr& error,
                 const std::function<void(const std::string&)>& log) {
  const auto log_hidden = [&](const char* text) {
    if (log) log(request.id + ": " + text);
  };
  try {
    std::rethrow_exception(error);
  } catch (const HttpError& http) {
    return with_fields(problem(request, http.status, http.what()), http.fields);
  } catch (const UnknownVersion& unknown) {
    return problem(request, 404, unknown.what());
  } catch (const VersionConflict& conflict) {
    return problem(request, 409, conflict.what());
  } catch (const ModelTooLarge& large) {
    return problem(request, 507, large.what());
  } catch (const ProjectRefusal& refusal) {
    const Fields again = {{"Retry-After", "5"}};
    return with_fields(problem(request, refusal.status, refusal.what()),
                       refusal.status == 503 ? again : Fields());
  } catch (const JobRefusal& refusal) {
    return job_problem(request, refusal);
  } catch (const DatasetBusy&) {
    return with_fields(
        problem(request, 503, "an import is changing the training data; try again later"),
        {{"Retry-After", "5"}});
  } catch (const StoreUnavailable& unavailable) {
    log_hidden(unavailable.what());
    const char* what =
        unavailable.outcome_unknown
            ? "the connection to the database was lost; the change may have been made"
            : "the database is unavailable; nothing was changed";
    return with_fields(problem(request, 503, what), {{"Retry-After", "5"}});
  } catch (const DiskFull& full) {
    log_hidden(full.what());
    return problem(request, 507, "the server's disk is full: " + full.reason);
  } catch (const DatasetDamaged& damaged) {
    log_hidden(damaged.what());
    return problem(request, 500,
                   "the training data is damaged and nothing was changed; the server's log names "
                   "the problem, and `fovea data repair` repairs it");
  } catch (const FormatError& damaged) {
    log_hidden(damaged.what());
    return problem(request, 500, "a stored file is damaged; the server's log names it");
  } catch (const std::exception& unexpected) {
    log_hidden(unexpected.what());
  } catch (...) {
    log_hidden("an exception of an unknown type");
  }
  return problem(request, 500, "internal error; the server's log has the details");
}

}  // namespace fovea::server
