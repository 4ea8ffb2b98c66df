#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/eval/evaluation_report.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_json.h"
#include "server/jobs/worker/worker.h"

namespace fovea::server {

EvaluateResult run_evaluate_job(const JobContext& job) {
  const JobSpec& spec = job.spec();
  const ModelFile file = read_model_file(read_file(spec.champion.model, 1U << 30));
  const Dataset dataset = Dataset::open(dataset_folder(spec.data_dir, spec.dataset));
  const std::string split = spec.options.value("split", "test");
  job.send(job_event::kStart, {{"version", spec.champion.version}, {"split", split}});
  job.send(job_event::kProgress, {{"phase", "measuring"}});
  const EvaluationReport report = evaluate_model(file.model, file.weights_sha256, dataset,
                                                 spec.dataset, parse_split(split), spec.threads);
  throw_if_stopped();
  job.write("evaluation.json", evaluation_json(report));
  return {"evaluation.json", report.metrics.count, report.metrics.accuracy};
}

}  // namespace fovea::server
