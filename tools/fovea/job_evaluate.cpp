#include "engine/core/file.h"
#include "engine/data/data_dir.h"
#include "engine/eval/report.h"
#include "engine/model/model_file.h"
#include "server/judging/evaluation_json.h"
#include "tools/fovea/job.h"

namespace fovea::tools {
namespace {

Split parse_split(const std::string& text) {
  if (text == "train") return Split::train;
  return text == "val" ? Split::val : Split::test;
}

}  // namespace

JobJson run_evaluate_job(const Job& job) {
  const JobJson& version = job.description.at("champion");
  const ModelFile file =
      read_model_file(read_file(version.at("model").get<std::string>(), 1U << 30));
  const Dataset dataset = Dataset::open(dataset_folder(job.data_dir(), job.dataset()));
  const std::string split = job.options().value("split", "test");
  job.tell("start", {{"version", version.at("version")}, {"split", split}});
  job.tell("progress", {{"phase", "measuring"}});
  const EvaluationReport report = evaluate_model(file.model, file.weights_sha256, dataset,
                                                 job.dataset(), parse_split(split), job.threads);
  throw_if_stopped();
  job.write("evaluation.json", server::evaluation_json(report));
  return {{"evaluation", "evaluation.json"},
          {"pictures", report.metrics.count},
          {"accuracy", report.metrics.accuracy}};
}

}  // namespace fovea::tools
