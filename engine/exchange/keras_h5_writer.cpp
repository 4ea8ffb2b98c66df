#include "engine/exchange/keras_h5_writer.h"

#include <algorithm>

#include "engine/core/text.h"
#include "engine/exchange/hdf5_file.h"
#include "engine/exchange/network_tensors.h"
#include "engine/model/json.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

// The file format was fixed by Keras 2; Keras 3 reads and writes it unchanged.
constexpr char kKerasVersion[] = "3.0.0";
constexpr char kWeights[] = "model_weights";

bool has_residual(const std::vector<LayerSpec>& layers) {
  return std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) {
    return std::holds_alternative<ResidualSpec>(layer.kind);
  });
}

// Builds the list of Keras layers and writes their weights. Keras is channels last, so the numbers
// are in the same order as in memory. `value_` is the name of the last layer; `is_map_` says
// whether its output has the axes {n, h, w, c} or {n, c}.
class KerasModel {
 public:
  KerasModel(Hdf5Writer& file, const Network& network)
      : file_(file),
        tensors_(tensors_by_name(network)),
        functional_(has_residual(network.spec().layers)) {
    for (const WeightLayout& layout : weight_layouts(network.spec())) {
      shapes_[layout.name] = keras_shape(layout);
    }
  }

  // (v / 255 - mean) / std = v * scale + offset
  void input(const Preprocess& preprocess) {
    Json input;
    input["batch_shape"] = {nullptr, preprocess.size, preprocess.size, 3};
    add("InputLayer", "image", input, {});
    Json scaling{{"scale", Json::array()}, {"offset", Json::array()}};
    for (std::size_t i = 0; i < 3; ++i) {
      const double mean = preprocess.mean[i], std = preprocess.std[i];
      scaling["scale"].push_back(1 / (255 * std));
      scaling["offset"].push_back(-mean / std);
    }
    add("Rescaling", "normalise", scaling);
  }

  void layers(const std::vector<LayerSpec>& layers, const std::string& prefix) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      source_ = prefix + std::to_string(i);
      name_ = std::string(kind_name(layers[i])) + "_" + source_;
      std::replace(name_.begin(), name_.end(), '.', '_');
      std::visit([this](const auto& spec) { layer(spec); }, layers[i].kind);
    }
  }

  // softmax(logits / temperature)
  void output(float temperature) {
    name_ = "logits";
    as_vector();
    add("Rescaling", "temperature", {{"scale", 1 / double{temperature}}, {"offset", 0.0}});
    add("Softmax", "probabilities", {{"axis", -1}});
  }

  std::string config() const {
    Json config{{"name", "fovea"}, {"trainable", true}, {"layers", layers_}};
    if (functional_) {
      config["input_layers"] = {"image", 0, 0};
      config["output_layers"] = {value_, 0, 0};
    }
    return Json{{"class_name", functional_ ? "Functional" : "Sequential"},
                {"config", std::move(config)}}
        .dump();
  }

  void finish() { file_.write_texts(kWeights, "layer_names", weighted_); }

 private:
  void layer(const Conv2dSpec& spec) {
    as_map();
    Json config = window(spec);
    config["filters"] = spec.out;
    add("Conv2D", name_, config);
    weights({{"kernel", "weight"}}, spec.bias);
  }
  void layer(const DepthwiseConv2dSpec& spec) {
    as_map();
    Json config = window(spec);
    config["depth_multiplier"] = 1;
    add("DepthwiseConv2D", name_, config);
    weights({{"depthwise_kernel", "weight"}}, spec.bias);
  }
  // The options of both kinds of convolution. Adds a layer for zeros that the convolution cannot
  // add itself; Keras's "same" is TensorFlow's.
  template <class Spec>
  Json window(const Spec& spec) {
    const bool same =
        spec.pad == kSamePadding || (spec.stride == 1 && 2 * spec.pad == spec.kernel - 1);
    if (!same && spec.pad > 0) {
      add("ZeroPadding2D", name_ + "_pad", {{"padding", spec.pad}});
    }
    return {{"kernel_size", {spec.kernel, spec.kernel}},
            {"strides", {spec.stride, spec.stride}},
            {"padding", same ? "same" : "valid"},
            {"data_format", "channels_last"},
            {"activation", "linear"},
            {"use_bias", spec.bias}};
  }
  void layer(const BatchNormSpec& spec) {
    add("BatchNormalization", name_,
        {{"axis", -1},
         {"momentum", 1 - shortest_decimal(spec.momentum)},
         {"epsilon", shortest_decimal(spec.eps)},
         {"center", true},
         {"scale", true}});
    weights({{"gamma", "weight"},
             {"beta", "bias"},
             {"moving_mean", "running_mean"},
             {"moving_variance", "running_var"}},
            false);
  }
  void layer(const ReluSpec&) { add("Activation", name_, {{"activation", "relu"}}); }
  void layer(const Relu6Spec&) { add("Activation", name_, {{"activation", "relu6"}}); }
  // Keras's default is the exact form with erf.
  void layer(const GeluSpec&) { add("Activation", name_, {{"activation", "gelu"}}); }
  void layer(const MaxPoolSpec& spec) {
    as_map();
    add("MaxPooling2D", name_,
        {{"pool_size", {spec.size, spec.size}},
         {"strides", {spec.size, spec.size}},
         {"padding", "valid"},
         {"data_format", "channels_last"}});
  }
  void layer(const GlobalAvgPoolSpec&) { global_pool("GlobalAveragePooling2D"); }
  void layer(const GlobalMaxPoolSpec&) { global_pool("GlobalMaxPooling2D"); }
  void global_pool(const char* type) {
    as_map();
    add(type, name_, {{"data_format", "channels_last"}, {"keepdims", true}});
  }
  void layer(const DropoutSpec& spec) {
    add("Dropout", name_, {{"rate", shortest_decimal(spec.rate)}});
  }
  void layer(const FlattenSpec&) { as_vector(); }
  void layer(const DenseSpec& spec) {
    as_vector();
    add("Dense", name_, {{"units", spec.out}, {"activation", "linear"}, {"use_bias", spec.bias}});
    weights({{"kernel", "weight"}}, spec.bias);
  }
  void layer(const ResidualSpec& spec) {
    const std::string name = name_, x = value_;
    const bool x_is_map = is_map_;
    layers(spec.block, source_ + ".block.");
    name_ = name;
    x_is_map ? as_map() : as_vector();
    add("Add", name, Json::object(), {x, value_});
  }

  void as_vector() {
    if (!is_map_) return;
    add("Flatten", name_.starts_with("flatten") ? name_ : name_ + "_flat",
        {{"data_format", "channels_last"}});
    is_map_ = false;
  }
  void as_map() {
    if (is_map_) return;
    add("Reshape", name_ + "_map", {{"target_shape", {1, 1, -1}}});
    is_map_ = true;
  }

  void add(const std::string& type, const std::string& name, const Json& config) {
    add(type, name, config, {value_});
  }
  void add(const std::string& type, const std::string& name, const Json& config,
           const std::vector<std::string>& inputs) {
    Json full{{"name", name}, {"trainable", true}, {"dtype", "float32"}};
    full.update(config);
    Json layer{{"class_name", type}, {"config", std::move(full)}};
    if (functional_) {
      layer["name"] = name;
      layer["inbound_nodes"] = Json::array();
      Json node = Json::array();
      for (const std::string& input : inputs) {
        node.push_back({input, 0, 0, Json::object()});
      }
      if (!inputs.empty()) layer["inbound_nodes"].push_back(std::move(node));
    }
    layers_.push_back(std::move(layer));
    value_ = name;
  }

  struct Weight {
    const char* keras;
    const char* fovea;
  };
  void weights(std::vector<Weight> list, bool bias) {
    if (bias) list.push_back({"bias", "bias"});
    const std::string group = std::string(kWeights) + "/" + name_;
    file_.create_group(group);
    std::vector<std::string> names;
    for (const Weight& weight : list) {
      const std::string tensor = source_ + "." + weight.fovea;
      file_.write_floats(group + "/" + weight.keras, shapes_.at(tensor),
                         tensors_.at(tensor)->values());
      names.emplace_back(weight.keras);
    }
    file_.write_texts(group, "weight_names", names);
    weighted_.push_back(name_);
  }

  Hdf5Writer& file_;
  std::map<std::string, Tensor*> tensors_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
  bool functional_;
  Json layers_ = Json::array();
  std::vector<std::string> weighted_;  // the layers that have weights
  std::string source_;                 // the index of the layer: "5.block.1"
  std::string name_, value_;
  bool is_map_ = true;
};

}  // namespace

std::vector<std::uint8_t> write_keras_h5(const Model& model, const ExportSource& source) {
  Hdf5Writer file;
  file.create_group(kWeights);
  KerasModel keras(file, model.network);
  keras.input(model.preprocess);
  keras.layers(model.network.spec().layers, "");
  keras.output(model.temperature);
  keras.finish();
  for (const std::string group : {"/", kWeights}) {
    file.write_text(group, "backend", "tensorflow");
    file.write_text(group, "keras_version", kKerasVersion);
  }
  file.write_text("/", "model_config", keras.config());
  file.write_text("/", "fovea", Json(describe_model(model, source, "NHWC")).dump());
  return file.bytes();
}

}  // namespace fovea
