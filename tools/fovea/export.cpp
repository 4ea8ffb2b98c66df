#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/core/file.h"
#include "engine/model/model_file.h"
#include "tools/fovea/evaluation.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct Options {
  std::string model, out, name, data_label;
  EvaluationRequest request;
  bool half = false;
};

// The measured quality that the file carries along: keys as `fovea eval --json` has them, with the
// split before accuracy and count.
std::string metrics_text(const Evaluation& e) {
  const Metrics& m = e.metrics;
  return nlohmann::ordered_json{{e.split + "_accuracy", m.accuracy},
                                {e.split + "_images", m.count},
                                {"accuracy_interval", {m.accuracy_low, m.accuracy_high}},
                                {"macro_f1", m.macro.f1},
                                {"roc_auc_ovr_macro", m.roc_auc_macro},
                                {"log_loss", m.log_loss},
                                {"brier", m.brier},
                                {"ece", m.ece},
                                {"data", e.data},
                                {"data_revision", e.revision}}
      .dump();
}

void run(const Options& options) {
  Model model = read_model(read_model_argument(options.model).bytes);
  if (!options.name.empty()) model.provenance["name"] = options.name;
  // Measured are the very weights that will be in the file: rounded first, if they are.
  ModelFile file{options.out, write_model(model, options.half)};
  Evaluation evaluation = evaluate(file, options.request);
  if (!options.data_label.empty()) {
    evaluation.data = model.provenance["data"] = options.data_label;
  }
  model.provenance["metrics"] = metrics_text(evaluation);
  file.bytes = write_model(model, options.half);
  write_file_atomically(file.path, file.bytes);
  std::printf("%s  (%zu KiB, %.2f %% of %lld %s images of %s, weights sha256 %s)\n",
              options.out.c_str(), file.bytes.size() / 1024, 100 * evaluation.metrics.accuracy,
              static_cast<long long>(evaluation.metrics.count), evaluation.split.c_str(),
              evaluation.data.c_str(), evaluation.sha256.c_str());
}

}  // namespace

void add_export(Verb& program) {
  Verb verb = program.verb("export", "Write a model to hand on, with its measured quality inside");
  const auto options = std::make_shared<Options>();
  verb.option("model", options->model, kModelHelp).required();
  verb.option("--out", options->out, "File to write").required();
  verb.flag("--half", options->half, "Store the weights in half precision: half the size");
  verb.option("--name", options->name, "The model's name");
  verb.option("--data-label", options->data_label,
              "What people should read where the dataset's name would stand");
  add_evaluation_options(verb, options->request);
  verb.action([options] { run(*options); });
}

}  // namespace fovea::tools
