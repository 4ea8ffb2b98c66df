#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/eval/evaluation_report.h"
#include "engine/eval/measure_features.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_images.h"
#include "engine/report/evaluation_json.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/train_log.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

struct BundleOptions {
  std::string model, data, label, out, run;
  ProjectDir project;
  bool images = false;
  std::vector<std::string> holdout{"val", "test"};
  int per_class = 200;
  int threads = 0;
};

// The epochs of a training run, for evaluation_json(). Throws ConfigError if its model has other
// weights, in single and in half precision, than those with the given SHA-256.
nlohmann::ordered_json read_history(const fs::path& run, const std::string& sha256) {
  const Model model = read_model(read_file(run / "model.safetensors"));
  if (weights_sha256(write_model(model, false)) != sha256 &&
      weights_sha256(write_model(model, true)) != sha256) {
    throw ConfigError(fmt::format("the model of the run {} has other weights", run.string()));
  }
  return read_epoch_events(run);
}

void write_bundle(const BundleOptions& options) {
  const ModelFile file = read_model_argument(options.model);
  const Model model = read_model(file.bytes);
  const std::string sha256 = weights_sha256(file.bytes);
  const Dataset dataset = open_dataset(options.project.path(), options.data);
  const int threads = threads_or_all(options.threads);
  const std::string name = options.label.empty() ? options.data : options.label;
  FeatureStatisticsOptions bundling;
  bundling.holdout.clear();
  for (const std::string& split : options.holdout) bundling.holdout.push_back(parse_split(split));
  bundling.held_out_per_class = options.per_class;
  FeatureStatistics bundle =
      measure_feature_statistics(model, sha256, dataset, name, threads, bundling);
  const EvaluationReport report =
      evaluate_model(model, sha256, dataset, name, Split::test, threads);
  auto evaluation =
      evaluation_json(report, options.run.empty() ? nullptr : read_history(options.run, sha256));
  if (options.images) evaluation["images"] = images_json(collect_images(report, dataset));
  bundle.evaluation = evaluation.dump();
  const auto bytes = write_feature_statistics(bundle, true);
  write_file_atomically(options.out, bytes);
  std::int64_t images = 0;
  for (const std::int64_t count : bundle.counts) images += count;
  fmt::print("{}: {} classes, {} features, statistics of {}, {} held-out vectors, {} kB\n",
             options.out, bundle.classes.size(), bundle.dim, server::counted(images, "image"),
             server::counted(static_cast<std::int64_t>(bundle.labels.size())), bytes.size() / 1000);
}

}  // namespace

void add_bundle(Verb& program) {
  Verb verb = program.verb(
      "bundle",
      "Write the feature statistics that allow retraining and testing a model without its images");
  const auto options = std::make_shared<BundleOptions>();
  verb.option("model", options->model, kModelHelp).required();
  add_dataset(verb, options->data, "Dataset that the model was trained on").required();
  add_project_dir(verb, options->project);
  verb.option("--data-label", options->label,
              "Name of the dataset in the output file (default: that of --data)")
      .value_name("NAME");
  verb.option("--held-out", options->holdout,
              "Splits that the model was not trained on (default: val,test)")
      .value_name("SPLIT")
      .one_of({"val", "test"})
      .separator(',');
  verb.option("--per-class", options->per_class,
              "Maximum number of held-out feature vectors per class")
      .value_name("N")
      .range(1, 100'000)
      .show_default();
  verb.option("--run", options->run,
              "Folder of the training run that made the model: includes its training curves")
      .value_name("DIR");
  verb.flag("--images", options->images,
            "Include small copies of the sample images and worst mistakes (at most 96 pixels)");
  verb.option("--out", options->out,
              "Output file; named MODEL.features.safetensors beside MODEL.safetensors, it is found "
              "automatically")
      .value_name("FILE")
      .required();
  add_threads(verb, options->threads);
  verb.action([options] { write_bundle(*options); });
}

}  // namespace fovea::tools
