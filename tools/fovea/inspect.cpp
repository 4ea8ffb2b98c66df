#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/model/model_file.h"
#include "server/text/words.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/progress.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

Json rgb(const std::array<float, 3>& values) {
  return {double{values[0]}, double{values[1]}, double{values[2]}};
}

void print_json(const ModelFile& file, const Model& model) {
  Json json{{"file", file.path.string()},
            {"bytes", file.bytes.size()},
            {"weights_sha256", weights_sha256(file.bytes)},
            {"parameters", model.network.parameter_count()},
            {"flops", model.network.flops()},
            {"classes", model.classes},
            {"temperature", double{model.temperature}}};
  json["preprocess"] = {{"size", model.preprocess.size},
                        {"fit", to_string(model.preprocess.fit)},
                        {"mean", rgb(model.preprocess.mean)},
                        {"std", rgb(model.preprocess.std)}};
  if (const Novelty& novelty = model.novelty; novelty.available()) {
    json["novelty"] = {{"threshold", double{novelty.threshold}},
                       {"false_alarms", double{novelty.false_alarms}},
                       {"images", novelty.images},
                       {"references", novelty.references.shape().n}};
  }
  json["layers"] = Json::array();
  for (const auto& layer : model.network.describe()) {
    json["layers"].push_back({{"name", layer.name},
                              {"kind", layer.kind},
                              {"output", {layer.output.h, layer.output.w, layer.output.c}},
                              {"parameters", layer.parameters},
                              {"flops", layer.flops}});
  }
  json["provenance"] = model.provenance;
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void print_layers(const Network& network) {
  const auto layers = network.describe();
  std::size_t name_width = 5, kind_width = 4;
  for (const auto& layer : layers) {
    name_width = std::max(name_width, layer.name.size());
    kind_width = std::max(kind_width, layer.kind.size());
  }
  const auto row = [&](const std::string& name, const std::string& kind, const std::string& output,
                       const std::string& parameters, const std::string& flops) {
    fmt::print("  {:<{}}  {:<{}}  {:>13}  {:>13}  {:>15}\n", name, name_width, kind, kind_width,
               output, parameters, flops);
  };
  row("layer", "kind", "output", "parameters", "FLOPs");
  for (const auto& layer : layers) {
    row(layer.name, layer.kind, to_string(layer.output), server::counted(layer.parameters),
        server::counted(layer.flops));
  }
  row("total", "", "", server::counted(network.parameter_count()),
      server::counted(network.flops()));
}

void print_text(const ModelFile& file, const Model& model) {
  const Preprocess& p = model.preprocess;
  fmt::print("{}  ({} bytes)\n", file.path.string(),
             server::counted(static_cast<std::int64_t>(file.bytes.size())));
  fmt::print("weights SHA-256 {}\n\n", weights_sha256(file.bytes));
  print_layers(model.network);
  fmt::print("\npreprocessing   {} to {}x{}, mean {:.4g} {:.4g} {:.4g}, std {:.4g} {:.4g} {:.4g}\n",
             to_string(p.fit), p.size, p.size, p.mean[0], p.mean[1], p.mean[2], p.std[0], p.std[1],
             p.std[2]);
  fmt::print("temperature     {:.4g}\n", model.temperature);
  if (const Novelty& novelty = model.novelty; novelty.available()) {
    fmt::print(
        "unknown images  distance above {:.4g} to the nearest of {} training images; {:.3g} % of "
        "images of the classes are (set on {})\n",
        novelty.threshold, novelty.references.shape().n, 100 * novelty.false_alarms,
        server::counted(novelty.images));
  }
  fmt::print("classes ({})  {}\n\nprovenance\n", model.classes.size(),
             fmt::join(model.classes, ", "));
  for (const auto& [key, value] : model.provenance) {
    fmt::print("  {:<14}  {}\n", printable(key), printable(value));
  }
  if (model.provenance.empty()) fmt::print("  none\n");
}

}  // namespace

void add_inspect(Verb& program) {
  Verb verb = program.verb("inspect", "Show the layers, classes and provenance of a model file");
  const auto argument = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  verb.option("model", *argument, kModelHelp).required();
  verb.flag("--json", *json, "Print a JSON object");
  verb.action([argument, json] {
    const ModelFile file = read_model_argument(*argument);
    const Model model = read_model(file.bytes);
    *json ? print_json(file, model) : print_text(file, model);
  });
}

}  // namespace fovea::tools
