#include "engine/exchange/onnx_writer.h"

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numbers>
#include <span>

#include <onnx/onnx_pb.h>

#include "engine/core/error.h"
#include "engine/exchange/network_tensors.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int kIrVersion = 8;  // the first with opset 17
constexpr int kOpset = 17;

using Names = std::vector<std::string>;

void set_dimensions(onnx::ValueInfoProto& value, const std::string& name,
                    std::initializer_list<std::int64_t> sizes) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  for (const std::int64_t size : sizes) type.mutable_shape()->add_dim()->set_dim_value(size);
}

// Translates layers into nodes. `value_` is the output of the last node; `is_map_` says whether it
// has the axes {n, c, h, w} or {n, c}.
class OnnxGraph {
 public:
  OnnxGraph(onnx::GraphProto& graph, const Network& network)
      : graph_(graph), tensors_(tensors_by_name(network)) {
    for (const WeightLayout& layout : weight_layouts(network.spec())) {
      layouts_.emplace(layout.name, layout);
    }
  }

  // x = (v / 255 - mean) / std
  void normalise(const Preprocess& preprocess) {
    constant("normalise.mean", {3, 1, 1}, preprocess.mean);
    constant("normalise.std", {3, 1, 1}, preprocess.std);
    value_ = "image";
    is_map_ = true;
    node("Div", "normalise.scaled", {value_, scalar("normalise.255", 255)});
    node("Sub", "normalise.centred", {value_, "normalise.mean"});
    node("Div", "normalise", {value_, "normalise.std"});
  }

  void layers(const std::vector<LayerSpec>& layers, const std::string& prefix) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      name_ = prefix + std::to_string(i);
      std::visit([this](const auto& spec) { layer(spec); }, layers[i].kind);
    }
  }

  // probabilities = softmax(logits / temperature)
  void probabilities(float temperature) {
    name_ = "logits";
    as_vector();
    node("Div", "calibrated", {value_, scalar("temperature", temperature)});
    attribute(node("Softmax", "probabilities", {value_}), "axis", 1);
  }

 private:
  void layer(const Conv2dSpec& spec) {
    as_map();
    onnx::NodeProto& conv = node("Conv", name_, with_weights({"weight"}, spec.bias));
    window(conv, spec.kernel, spec.stride, spec.pad);
  }
  void layer(const DepthwiseConv2dSpec& spec) {
    as_map();
    onnx::NodeProto& conv = node("Conv", name_, with_weights({"weight"}, spec.bias));
    attribute(conv, "group", layouts_.at(name_ + ".weight").shape[0]);
    window(conv, spec.kernel, spec.stride, spec.pad);
  }
  static void window(onnx::NodeProto& conv, int kernel, int stride, int pad) {
    attribute(conv, "kernel_shape", {kernel, kernel});
    attribute(conv, "strides", {stride, stride});
    if (pad != kSamePadding) {
      attribute(conv, "pads", {pad, pad, pad, pad});
      return;
    }
    // TensorFlow's SAME: the larger half of the zeros is at the end.
    onnx::AttributeProto& mode = *conv.add_attribute();
    mode.set_name("auto_pad");
    mode.set_type(onnx::AttributeProto::STRING);
    mode.set_s("SAME_UPPER");
  }
  void layer(const BatchNormSpec& spec) {
    onnx::NodeProto& norm =
        node("BatchNormalization", name_,
             with_weights({"weight", "bias", "running_mean", "running_var"}, false));
    onnx::AttributeProto& epsilon = *norm.add_attribute();
    epsilon.set_name("epsilon");
    epsilon.set_type(onnx::AttributeProto::FLOAT);
    epsilon.set_f(spec.eps);
  }
  void layer(const ReluSpec&) { node("Relu", name_, {value_}); }
  void layer(const Relu6Spec&) {
    node("Clip", name_, {value_, scalar("relu6.low", 0), scalar("relu6.high", 6)});
  }
  // gelu(x) = x * (1 + erf(x / sqrt(2))) * 0.5; opset 17 has no operator for it.
  void layer(const GeluSpec&) {
    const std::string x = value_;
    node("Div", name_ + ".scaled", {x, scalar("gelu.sqrt2", std::numbers::sqrt2_v<float>)});
    node("Erf", name_ + ".erf", {value_});
    node("Add", name_ + ".sum", {value_, scalar("gelu.one", 1)});
    node("Mul", name_ + ".product", {x, value_});
    node("Mul", name_, {value_, scalar("gelu.half", 0.5f)});
  }
  void layer(const MaxPoolSpec& spec) {
    as_map();
    onnx::NodeProto& pool = node("MaxPool", name_, {value_});
    attribute(pool, "kernel_shape", {spec.size, spec.size});
    attribute(pool, "strides", {spec.size, spec.size});
  }
  void layer(const GlobalAvgPoolSpec&) {
    as_map();
    node("GlobalAveragePool", name_, {value_});
  }
  void layer(const GlobalMaxPoolSpec&) {
    as_map();
    node("GlobalMaxPool", name_, {value_});
  }
  void layer(const DropoutSpec&) {}
  void layer(const FlattenSpec&) { as_vector(); }
  void layer(const DenseSpec& spec) {
    as_vector();
    attribute(node("Gemm", name_, with_weights({"weight"}, spec.bias)), "transB", 1);
  }
  void layer(const ResidualSpec& spec) {
    const std::string name = name_, x = value_;
    const bool x_is_map = is_map_;
    layers(spec.block, name + ".block.");
    name_ = name;
    x_is_map ? as_map() : as_vector();
    node("Add", name, {x, value_});
  }

  void as_vector() {
    if (!is_map_) return;
    attribute(node("Flatten", name_ + ".flat", {value_}), "axis", 1);
    is_map_ = false;
  }
  void as_map() {
    if (is_map_) return;
    node("Unsqueeze", name_ + ".map", {value_, map_axes()});
    is_map_ = true;
  }

  // Appends a node whose output has its name. The reference is valid until the next call.
  onnx::NodeProto& node(const std::string& type, const std::string& name, const Names& inputs) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_op_type(type);
    node.set_name(name);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(name);
    value_ = name;
    return node;
  }
  static void attribute(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  static void attribute(onnx::NodeProto& node, const std::string& name,
                        std::initializer_list<std::int64_t> values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
  }

  // The inputs of a node: the current value, then the tensors of the current layer.
  Names with_weights(std::initializer_list<const char*> parts, bool bias) {
    Names inputs{value_};
    const auto add = [&](const std::string& part) {
      const std::string name = name_ + "." + part;
      const WeightLayout& layout = layouts_.at(name);
      constant(name, layout.shape, in_pytorch_order(layout, *tensors_.at(name)));
      inputs.push_back(name);
    };
    for (const char* part : parts) add(part);
    if (bias) add("bias");
    return inputs;
  }
  void constant(const std::string& name, const std::vector<std::int64_t>& shape,
                std::span<const float> values) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : shape) tensor.add_dims(size);
    tensor.set_raw_data(values.data(), values.size_bytes());
  }
  bool has_constant(const std::string& name) const {
    for (const onnx::TensorProto& tensor : graph_.initializer()) {
      if (tensor.name() == name) return true;
    }
    return false;
  }
  std::string scalar(const std::string& name, float value) {
    if (!has_constant(name)) constant(name, {}, std::array{value});
    return name;
  }
  std::string map_axes() {
    std::string name = "map.axes";
    if (!has_constant(name)) {
      onnx::TensorProto& axes = *graph_.add_initializer();
      axes.set_name(name);
      axes.set_data_type(onnx::TensorProto::INT64);
      axes.add_dims(2);
      for (const int axis : {2, 3}) axes.add_int64_data(axis);
    }
    return name;
  }

  onnx::GraphProto& graph_;
  std::map<std::string, Tensor*> tensors_;
  std::map<std::string, WeightLayout> layouts_;
  std::string name_, value_;
  bool is_map_ = true;
};

}  // namespace

std::vector<std::uint8_t> write_onnx(const Model& model, const ExportSource& source) {
  onnx::ModelProto file;
  file.set_ir_version(kIrVersion);
  file.set_producer_name("fovea");
  file.set_producer_version(source.fovea_version);
  onnx::OperatorSetIdProto& opset = *file.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  for (const auto& [key, value] : describe_model(model, source, "NCHW")) {
    onnx::StringStringEntryProto& entry = *file.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
    if (key == "input") file.set_doc_string("image: " + value);
  }

  onnx::GraphProto& graph = *file.mutable_graph();
  graph.set_name("fovea");
  const std::int64_t size = model.preprocess.size;
  set_dimensions(*graph.add_input(), "image", {3, size, size});
  set_dimensions(*graph.add_output(), "probabilities", {model.network.outputs()});
  OnnxGraph builder(graph, model.network);
  builder.normalise(model.preprocess);
  builder.layers(model.network.spec().layers, "");
  builder.probabilities(model.temperature);

  const std::size_t length = file.ByteSizeLong();
  if (length > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ConfigError("the ONNX file would have " + std::to_string(length) +
                      " bytes; the limit of the format is 2 GiB");
  }
  std::vector<std::uint8_t> bytes(length);
  if (!file.SerializeToArray(bytes.data(), static_cast<int>(length))) {
    throw FormatError("the model cannot be written as ONNX: a text is not valid UTF-8");
  }
  return bytes;
}

}  // namespace fovea
