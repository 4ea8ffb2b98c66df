#include <memory>
#include <string>

#include "server/jobs/worker/worker.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {

void add_job(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("job", "Run a job for the server (internal)");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("folder", *folder, "The job's folder, with job.json")->required();
  verb->group("");  // not listed
  verb->callback([folder] {
    const int code = server::run_worker(*folder);
    if (code != server::kJobSucceeded) throw CLI::RuntimeError(code);
  });
}

}  // namespace fovea::tools
