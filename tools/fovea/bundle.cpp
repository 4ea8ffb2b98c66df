#include <cstdio>
#include <memory>

#include "engine/core/file.h"
#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"
#include "engine/eval/evaluation_report.h"
#include "engine/eval/measure_features.h"
#include "engine/model/model_file.h"
#include "engine/report/evaluation_json.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct Options {
  std::string model, data, data_dir, label, out;
  std::vector<std::string> holdout{"val", "test"};
  int per_class = 200;
  int threads = 0;
};

Split parse_split(const std::string& text) {
  return text == "val" ? Split::val : Split::test;
}

void make(const Options& options) {
  const ModelFile file = read_model_argument(options.model);
  const Model model = read_model(file.bytes);
  const std::string sha256 = weights_sha256(file.bytes);
  const auto folder =
      options.data_dir.empty() ? default_data_dir() : std::filesystem::path(options.data_dir);
  const Dataset dataset = Dataset::open(dataset_folder(folder, options.data));
  const int threads = options.threads > 0 ? options.threads : available_threads();
  const std::string name = options.label.empty() ? options.data : options.label;
  FeatureStatisticsOptions bundling;
  bundling.holdout.clear();
  for (const std::string& split : options.holdout) bundling.holdout.push_back(parse_split(split));
  bundling.held_out_per_class = options.per_class;
  FeatureStatistics bundle =
      measure_feature_statistics(model, sha256, dataset, name, threads, bundling);
  bundle.evaluation =
      evaluation_json(evaluate_model(model, sha256, dataset, name, Split::test, threads)).dump();
  const auto bytes = write_feature_statistics(bundle, true);
  write_file_atomically(options.out, bytes);
  std::int64_t images = 0;
  for (const std::int64_t count : bundle.counts) images += count;
  std::printf("%s: %zu classes, %d features, statistics of %lld images, %zu held out, %zu kB\n",
              options.out.c_str(), bundle.classes.size(), bundle.dim,
              static_cast<long long>(images), bundle.labels.size(), bytes.size() / 1000);
}

}  // namespace

void add_bundle(Verb& program) {
  Verb verb = program.verb(
      "bundle", "Write what a model needs to be retrained and judged without its images");
  const auto options = std::make_shared<Options>();
  verb.option("model", options->model, kModelHelp).required();
  verb.option("--data", options->data, "Name of the dataset the model learned from").required();
  verb.option("--data-dir", options->data_dir, "Where datasets are kept");
  verb.option("--data-label", options->label, "What the file calls the dataset");
  verb.option("--held-out", options->holdout,
              "Splits the model was not trained on (default: val test)")
      .one_of({"val", "test"})
      .separator(',');
  verb.option("--per-class", options->per_class, "Held-out vectors of each class, at most")
      .range(1, 100'000);
  verb.option("--out", options->out,
              "File; beside MODEL.safetensors it is found as MODEL.features.safetensors")
      .required();
  verb.option("--threads", options->threads, "Threads (default: all that this process may use)")
      .range(1, 1024);
  verb.action([options] { make(*options); });
}

}  // namespace fovea::tools
