#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/exchange/html_writer.h"
#include "engine/exchange/keras_h5_writer.h"
#include "engine/exchange/onnx_writer.h"
#include "engine/model/model_file.h"
#include "engine/report/interval_json.h"
#include "server/http/static_files.h"
#include "server/text/words.h"
#include "tools/fovea/evaluation.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct ExportOptions {
  std::string model, out, name, data_label, title, www;
  std::string format = "fovea";
  EvaluationRequest request;
  bool half = false, full = false;
};

// The metrics that the model file contains: the keys of `fovea eval --json`, with the split in
// front of accuracy and count.
std::string metrics_text(const Evaluation& e) {
  const Metrics& m = e.metrics;
  return nlohmann::ordered_json{{e.split + "_accuracy", m.accuracy},
                                {e.split + "_images", m.count},
                                {"accuracy_interval", m.accuracy_interval},
                                {"macro_f1", m.macro.f1},
                                {"roc_auc_ovr_macro", m.roc_auc_macro},
                                {"log_loss", m.log_loss},
                                {"brier", m.brier},
                                {"ece", m.ece},
                                {"data", e.data},
                                {"data_revision", e.revision}}
      .dump();
}

void export_evaluated(const ExportOptions& options) {
  Model model = read_model(read_model_argument(options.model).bytes);
  if (!options.name.empty()) model.provenance["name"] = options.name;
  // Evaluate the weights as they will be in the file, that is, after rounding to half precision.
  ModelFile file{options.out, write_model(model, options.half)};
  Evaluation evaluation = evaluate(file, options.request);
  if (!options.data_label.empty()) {
    evaluation.data = model.provenance["data"] = options.data_label;
  }
  model.provenance["metrics"] = metrics_text(evaluation);
  file.bytes = write_model(model, options.half);
  write_file_atomically(file.path, file.bytes);
  fmt::print("{}  ({} KiB, accuracy {:.2f} % on {} of the {} split of {}, weights SHA-256 {})\n",
             options.out, file.bytes.size() / 1024, 100 * evaluation.metrics.accuracy,
             server::counted(evaluation.metrics.count, "image"), evaluation.split, evaluation.data,
             evaluation.sha256);
}

// Writes a file for another program. The model is not evaluated.
void export_for_others(const ExportOptions& options) {
  const auto [model, sha256] = read_model_file(read_model_argument(options.model).bytes);
  const ExportSource source{FOVEA_VERSION, sha256};
  const auto bytes =
      options.format == "onnx" ? write_onnx(model, source) : write_keras_h5(model, source);
  write_file_atomically(options.out, bytes);
  fmt::print("{}  ({} KiB, {}, weights SHA-256 {})\n", options.out, bytes.size() / 1024,
             options.format, sha256);
}

// The template of the HTML file: of a folder, or of the page in this program.
std::string read_html_template(const std::string& www) {
  if (!www.empty()) {
    const auto bytes = read_file(std::filesystem::path(www) / kHtmlTemplate);
    return {bytes.begin(), bytes.end()};
  }
  for (const server::EmbeddedFile& file : server::embedded_page()) {
    if (file.path == kHtmlTemplate) return {file.bytes.begin(), file.bytes.end()};
  }
  throw ConfigError(
      fmt::format("this program contains no {}: its page was built without the WebAssembly engine, "
                  "which the HTML file contains; --www names a folder with the file",
                  kHtmlTemplate));
}

void export_html(const ExportOptions& options) {
  const auto precision = options.full ? WeightPrecision::full : WeightPrecision::half;
  const std::string page = read_html_template(options.www);
  const std::string html = write_html(page, read_model_argument(options.model).bytes,
                                      {options.title, "", FOVEA_VERSION, precision});
  write_file_atomically(options.out, html);
  fmt::print("{}  ({} KiB, one file for any browser, weights in {} precision)\n", options.out,
             html.size() / 1024, options.full ? "full" : "half");
}

// The options that only some formats have.
struct FormatOptions {
  std::vector<std::string> formats;
  std::vector<Option> options;
};

void check_format(const std::string& format, const std::vector<FormatOptions>& all) {
  for (const auto& [formats, options] : all) {
    if (std::find(formats.begin(), formats.end(), format) != formats.end()) continue;
    for (const Option& option : options) {
      if (!option.given()) continue;
      throw UsageError(option.name() + " applies to --format " + join(formats, " and ") +
                       ", not to " + format);
    }
  }
}

}  // namespace

void add_export(Verb& program) {
  Verb verb = program.verb("export",
                           "Write a model to a file: with its evaluation, or for another program");
  const auto options = std::make_shared<ExportOptions>();
  verb.option("model", options->model, kModelHelp).required();
  verb.option("--out", options->out, "Output file").value_name("FILE").required();
  verb.option(
          "--format", options->format,
          "fovea: a model file with its evaluation on --data; onnx, keras-h5: a file for "
          "another program; html: one file for any browser, which needs no server and no network")
      .value_name("FORMAT")
      .one_of({"fovea", "onnx", "keras-h5", "html"})
      .show_default();
  std::vector<Option> evaluated;  // the options of --format fovea
  evaluated.push_back(verb.flag("--half", options->half,
                                "Store the weights in half precision, which halves the file"));
  evaluated.push_back(verb.option("--name", options->name, "Name of the model").value_name("NAME"));
  evaluated.push_back(
      verb.option("--data-label", options->data_label,
                  "Name of the dataset in the output file (default: that of --data)")
          .value_name("NAME"));
  const Option data = add_evaluation_options(verb, options->request);
  evaluated.push_back(data);
  std::vector<Option> html;  // the options of --format html
  html.push_back(verb.option("--title", options->title,
                             "Title of the HTML file (default: the name of the model)")
                     .value_name("TEXT"));
  html.push_back(verb.flag("--full", options->full,
                           "Store the weights of the HTML file in full precision, which doubles "
                           "their size"));
  html.push_back(verb.option("--www", options->www,
                             "Take the template of the HTML file from this folder instead of the "
                             "built-in one")
                     .value_name("DIR")
                     .existing_directory());
  verb.action([options, data,
               limited = std::vector<FormatOptions>{{{"fovea"}, evaluated}, {{"html"}, html}}] {
    check_format(options->format, limited);
    if (options->format == "html") return export_html(*options);
    if (options->format != "fovea") return export_for_others(*options);
    if (!data.given()) throw UsageError("--format fovea needs --data");
    export_evaluated(*options);
  });
}

}  // namespace fovea::tools
