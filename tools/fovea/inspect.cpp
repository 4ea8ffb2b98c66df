#include <algorithm>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/model/model_file.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

// 1234567 -> "1,234,567"
std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

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
  json["layers"] = Json::array();
  for (const auto& layer : model.network.describe()) {
    json["layers"].push_back({{"name", layer.name},
                              {"kind", layer.kind},
                              {"output", {layer.output.h, layer.output.w, layer.output.c}},
                              {"parameters", layer.parameters},
                              {"flops", layer.flops}});
  }
  json["provenance"] = model.provenance;
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
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
    std::printf("  %-*s  %-*s  %13s  %13s  %15s\n", static_cast<int>(name_width), name.c_str(),
                static_cast<int>(kind_width), kind.c_str(), output.c_str(), parameters.c_str(),
                flops.c_str());
  };
  row("layer", "kind", "output", "parameters", "FLOPs");
  for (const auto& layer : layers) {
    row(layer.name, layer.kind, to_string(layer.output), grouped(layer.parameters),
        grouped(layer.flops));
  }
  row("total", "", "", grouped(network.parameter_count()), grouped(network.flops()));
}

// Text from a file may hold terminal control sequences.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void print_text(const ModelFile& file, const Model& model) {
  const Preprocess& p = model.preprocess;
  std::printf("%s  (%s bytes)\n", file.path.c_str(),
              grouped(static_cast<std::int64_t>(file.bytes.size())).c_str());
  std::printf("weights sha256  %s\n\n", weights_sha256(file.bytes).c_str());
  print_layers(model.network);
  std::printf("\npreprocessing   %s to %dx%d, mean %.4g %.4g %.4g, std %.4g %.4g %.4g\n",
              to_string(p.fit).c_str(), p.size, p.size, p.mean[0], p.mean[1], p.mean[2], p.std[0],
              p.std[1], p.std[2]);
  std::printf("temperature     %.4g\n", model.temperature);
  std::printf("classes (%zu)", model.classes.size());
  for (std::size_t i = 0; i < model.classes.size(); ++i) {
    std::printf("%s%s", i == 0 ? "  " : ", ", model.classes[i].c_str());
  }
  std::printf("\n\nprovenance\n");
  for (const auto& [key, value] : model.provenance) {
    std::printf("  %-14s  %s\n", printable(key).c_str(), printable(value).c_str());
  }
  if (model.provenance.empty()) std::printf("  none\n");
}

}  // namespace

void add_inspect(Verb& program) {
  Verb verb = program.verb("inspect", "Show what is inside a model file");
  const auto argument = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  verb.option("model", *argument, kModelHelp).required();
  verb.flag("--json", *json, "One JSON object");
  verb.action([argument, json] {
    const ModelFile file = read_model_argument(*argument);
    const Model model = read_model(file.bytes);
    *json ? print_json(file, model) : print_text(file, model);
  });
}

}  // namespace fovea::tools
