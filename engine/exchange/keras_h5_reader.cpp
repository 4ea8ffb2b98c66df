#include <map>

#include "engine/core/error.h"
#include "engine/exchange/description.h"
#include "engine/exchange/hdf5_file.h"
#include "engine/exchange/imported.h"
#include "engine/exchange/keras_config.h"
#include "engine/exchange/network_tensors.h"
#include "engine/model/safetensors.h"

namespace fovea {
namespace {

struct KerasWeight {
  std::string tensor;  // its name in the network: "3.weight"
  std::string keras;   // the layer in the file
  std::size_t index;   // among the weights of that layer
};

bool has_bias(const LayerSpec& layer) {
  if (const auto* conv = std::get_if<Conv2dSpec>(&layer.kind)) return conv->bias;
  if (const auto* conv = std::get_if<DepthwiseConv2dSpec>(&layer.kind)) return conv->bias;
  if (const auto* dense = std::get_if<DenseSpec>(&layer.kind)) return dense->bias;
  return false;
}

// The layers without the names of Keras; adds their weights to `weights`, in Keras's order.
std::vector<LayerSpec> take_specs(const std::vector<KerasLayerSpec>& layers,
                                  const std::string& prefix, std::vector<KerasWeight>& weights) {
  std::vector<LayerSpec> specs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string name = prefix + std::to_string(i);
    LayerSpec spec = layers[i].spec;
    std::vector<const char*> parts;
    if (auto* residual = std::get_if<ResidualSpec>(&spec.kind)) {
      residual->block = take_specs(layers[i].block, name + ".block.", weights);
    } else if (std::holds_alternative<BatchNormSpec>(spec.kind)) {
      parts = {"weight", "bias", "running_mean", "running_var"};
    } else if (!layers[i].keras_name.empty()) {
      parts = {"weight"};
      if (has_bias(spec)) parts.push_back("bias");
    }
    for (std::size_t k = 0; k < parts.size(); ++k) {
      weights.push_back({name + "." + parts[k], layers[i].keras_name, k});
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Tensor of the network -> dataset of the file. Compares all shapes.
std::map<std::string, std::string> find_datasets(const Hdf5Reader& file, const NetworkSpec& spec,
                                                 const std::vector<KerasWeight>& weights) {
  std::map<std::string, std::size_t> expected;  // weights per Keras layer
  for (const KerasWeight& weight : weights) ++expected[weight.keras];
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& [layer, count] : expected) {
    auto found = file.texts("model_weights/" + layer, "weight_names");
    if (found.size() != count) {
      throw FormatError("Keras model: layer " + layer + " has " + std::to_string(found.size()) +
                        " weights in the file, expected " + std::to_string(count));
    }
    names[layer] = std::move(found);
  }
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const WeightLayout& layout : weight_layouts(spec)) shapes[layout.name] = keras_shape(layout);
  std::map<std::string, std::string> datasets;
  for (const KerasWeight& weight : weights) {
    const std::string path =
        "model_weights/" + weight.keras + "/" + names.at(weight.keras)[weight.index];
    const auto shape = file.shape(path);
    if (shape != shapes.at(weight.tensor)) {
      throw FormatError("Keras model: " + path + " has shape " + shape_text(shape) +
                        "; the network needs " + shape_text(shapes.at(weight.tensor)));
    }
    datasets[weight.tensor] = path;
  }
  return datasets;
}

}  // namespace

Model read_keras_h5(std::span<const std::uint8_t> bytes, const ImportSettings& settings) {
  const Hdf5Reader file(bytes);
  const auto text = file.text("/", "model_config");
  if (!text) throw FormatError("Keras model: the file has no model_config, only weights");
  const KerasConfig config = parse_keras_config(*text);
  std::vector<KerasWeight> weights;
  NetworkSpec spec;
  spec.input = {1, config.size, config.size, 3};
  spec.layers = take_specs(config.layers, "", weights);
  spec = spec_from_json(spec_to_json(spec));  // checks the limits of the model file
  const auto datasets = find_datasets(file, spec, weights);

  ModelDescription description;
  if (const auto fovea = file.text("/", "fovea")) {
    description = parse_description(*fovea, "Keras model: attribute fovea");
  }
  const auto& classes = description.classes ? description.classes : settings.classes;
  if (!classes) {
    throw ConfigError(
        "the file does not contain class names (Keras drops them when it saves a "
        "model); they are needed");
  }
  Preprocess preprocess;
  if (settings.preprocess) preprocess.fit = settings.preprocess->fit;
  if (description.preprocess) preprocess.fit = description.preprocess->fit;
  preprocess.size = config.size;
  preprocess.mean = config.mean;
  preprocess.std = config.std;
  Model model{Network(spec), preprocess, *classes, config.temperature, {}};
  if (description.weights_sha256) model.provenance["parent"] = *description.weights_sha256;
  const auto tensors = tensors_by_name(model.network);
  for (const auto& [tensor, path] : datasets) {
    file.read_floats(path, tensors.at(tensor)->values());
  }
  return model;
}

}  // namespace fovea
