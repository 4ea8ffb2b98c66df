#include <memory>
#include <string>

#include "server/jobs/worker/worker.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/heap.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {

void add_job(Verb& program) {
  Verb verb = program.verb("job", "Run a job for the server (internal)");
  const auto folder = std::make_shared<std::string>();
  verb.option("folder", *folder, "Folder of the job, containing job.json").required();
  const auto max_megapixels = std::make_shared<int>(kDefaultMegapixels);
  add_max_megapixels(verb, *max_megapixels);
  verb.hide();
  verb.action([folder, max_megapixels] {
    use_max_megapixels(*max_megapixels);
    limit_heap_growth(HeapUse::training);
    const int code = server::run_worker(*folder);
    if (code != server::kJobSucceeded) throw ExitStatus{code};
  });
}

}  // namespace fovea::tools
