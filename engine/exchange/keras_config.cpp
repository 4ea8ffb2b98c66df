#include "engine/exchange/keras_config.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/model/json.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

constexpr std::size_t kMaxKerasLayers = 4096;
constexpr int kMaxBlockDepth = 4;  // as in the model file
constexpr int kMaxSize = 1 << 16;

struct KerasNode {
  std::string kind, name;
  const Json* config;
  std::vector<std::size_t> inputs;  // indices of earlier nodes
};

[[noreturn]] void fail_keras(const std::string& problem) {
  throw FormatError("Keras model: " + problem);
}

// The names of the layers that a node of a functional model takes as inputs, in order: Keras 2
// writes ["name", 0, 0, {}], Keras 3 {"keras_history": ["name", 0, 0]}.
void collect_inputs(const Json& value, std::vector<std::string>& names) {
  if (value.is_object()) {
    const auto history = value.find("keras_history");
    if (history != value.end()) {
      if (!history->is_array() || history->empty() || !history->front().is_string()) {
        fail_keras("a keras_history does not begin with a layer name");
      }
      names.push_back(history->front().get<std::string>());
      return;
    }
    for (const auto& item : value.items()) collect_inputs(item.value(), names);
  } else if (value.is_array()) {
    if (value.size() >= 3 && value[0].is_string() && value[1].is_number()) {
      names.push_back(value[0].get<std::string>());
      return;
    }
    for (const Json& item : value) collect_inputs(item, names);
  }
}

// The layers of a Sequential or functional model, each after its inputs.
std::vector<KerasNode> parse_nodes(const JsonReader& model) {
  const std::string kind = model.at("class_name").text();
  const bool sequential = kind == "Sequential";
  if (!sequential && kind != "Functional" && kind != "Model") {
    fail_keras("class " + kind + " is not Sequential or Functional");
  }
  std::vector<KerasNode> nodes;
  std::map<std::string, std::size_t> index;
  for (const JsonReader& entry : model.at("config").at("layers").list_up_to(kMaxKerasLayers)) {
    KerasNode node{entry.at("class_name").text(), "", &entry.at("config").value(), {}};
    node.name = entry.at("config").at("name").text();
    if (sequential) {
      if (!nodes.empty()) node.inputs.push_back(nodes.size() - 1);
    } else {
      std::vector<std::string> names;
      collect_inputs(entry.at("inbound_nodes").value(), names);
      for (const std::string& name : names) {
        const auto found = index.find(name);
        if (found == index.end()) {
          fail_keras("layer " + node.name + " takes the output of " + name +
                     ", which is not an earlier layer");
        }
        node.inputs.push_back(found->second);
      }
    }
    if (!index.emplace(node.name, nodes.size()).second) {
      fail_keras("two layers have the name " + node.name);
    }
    nodes.push_back(std::move(node));
  }
  if (nodes.empty()) fail_keras("it has no layers");
  return nodes;
}

// The layers from one node (exclusive) to another (inclusive). In y = x + block(x), x is the input
// of the Add that comes first, and the block leads from it to the other input.
struct Chain {
  struct Step {
    std::size_t node;
    std::vector<Step> block;  // of an Add
  };

  const std::vector<KerasNode>& nodes;
  std::vector<bool> used = std::vector<bool>(nodes.size());

  std::vector<Step> between(std::size_t from, std::size_t to, int depth) {
    if (depth > kMaxBlockDepth) fail_keras("residual blocks are nested too deep");
    std::vector<Step> steps;
    while (to > from) {
      const KerasNode& node = nodes[to];
      used[to] = true;
      Step step{to, {}};
      if (node.kind == "Add") {
        if (node.inputs.size() != 2 || node.inputs[0] == node.inputs[1]) {
          fail_keras("layer " + node.name + " does not add two different layers");
        }
        const auto [skip, end] = std::minmax(node.inputs[0], node.inputs[1]);
        step.block = between(skip, end, depth + 1);
        to = skip;
      } else {
        if (node.inputs.size() != 1) {
          fail_keras("layer " + node.name + " (" + node.kind + ") has " +
                     std::to_string(node.inputs.size()) + " inputs, expected 1");
        }
        to = node.inputs.front();
      }
      steps.push_back(std::move(step));
    }
    if (to != from) fail_keras("the branches at layer " + nodes[from].name + " are not residual");
    std::reverse(steps.begin(), steps.end());
    return steps;
  }
};

// One layer's options.
class KerasOptions {
 public:
  explicit KerasOptions(const KerasNode& node)
      : where_("Keras model: layer " + node.name + " (" + node.kind + ")"),
        in_(*node.config, where_) {}

  [[noreturn]] void fail(const std::string& problem) const {
    throw FormatError(where_ + ": " + problem);
  }
  const JsonReader& in() const { return in_; }

  int integer(const std::string& key) const {
    return static_cast<int>(in_.at(key).integer(1, kMaxSize));
  }
  // A size that Keras gives once or per axis; both must be equal.
  int square(const std::string& key) const {
    const Json& value = in_.at(key).value();
    if (!value.is_array()) return integer(key);
    const auto sides = in_.at(key).list_of(2);
    const std::int64_t side = sides[0].integer(1, kMaxSize);
    if (sides[1].integer(1, kMaxSize) != side) fail(key + " is not square");
    return static_cast<int>(side);
  }
  // Zero padding: a number, one per axis, or two per axis; all must be equal.
  int padding() const {
    std::optional<std::int64_t> pad;
    collect(in_.at("padding"), pad);
    return static_cast<int>(pad.value_or(0));
  }
  // Fails unless an option that is present has this value.
  void require(const std::string& key, const Json& value) const {
    if (!in_.has(key) || in_.at(key).value() == value) return;
    fail(key + " is " + in_.at(key).value().dump() + ", only " + value.dump() + " is supported");
  }
  bool flag(const std::string& key, bool otherwise) const {
    return in_.has(key) ? in_.at(key).boolean() : otherwise;
  }
  std::string text(const std::string& key) const { return in_.at(key).text(); }
  // Numbers of the three channels; a single number holds for all.
  std::array<double, 3> rgb(const std::string& key) const {
    std::array<double, 3> values{};
    const JsonReader value = in_.at(key);
    if (!value.value().is_array()) {
      values.fill(value.number(-1e9, 1e9));
      return values;
    }
    const auto list = value.list_of(3);
    for (std::size_t i = 0; i < 3; ++i) values[i] = list[i].number(-1e9, 1e9);
    return values;
  }

 private:
  void collect(const JsonReader& value, std::optional<std::int64_t>& pad) const {
    if (value.value().is_array()) {
      for (const JsonReader& item : value.list_of(2)) collect(item, pad);
      return;
    }
    const std::int64_t number = value.integer(0, kMaxSize);
    if (pad.value_or(number) != number) fail("padding is not the same on all sides");
    pad = number;
  }

  std::string where_;
  JsonReader in_;
};

class ConfigReader {
 public:
  explicit ConfigReader(const std::vector<KerasNode>& nodes) : nodes_(nodes) {}

  KerasConfig read() {
    Chain chain{nodes_};
    std::vector<Chain::Step> steps = chain.between(0, nodes_.size() - 1, 0);
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
      if (!chain.used[i]) {
        fail_keras("layer " + nodes_[i].name + " does not lead to the last layer");
      }
    }
    read_input(nodes_.front());
    if (steps.empty()) fail_keras("it has no layers after the input");
    read_normalisation(nodes_[steps.front().node]);
    steps.erase(steps.begin());
    read_output(steps);
    layers(steps, config_.layers);
    return std::move(config_);
  }

 private:
  void read_input(const KerasNode& node) {
    const KerasOptions options(node);
    if (node.kind != "InputLayer") options.fail("the first layer must be an InputLayer");
    const auto shape =
        options.in()
            .at(options.in().has("batch_shape") ? "batch_shape" : "batch_input_shape")
            .list_of(4);  // batch, rows, columns, channels
    const std::int64_t size = shape[1].integer(1, kMaxSize);
    if (shape[2].integer(1, kMaxSize) != size || shape[3].integer(1, kMaxSize) != 3) {
      options.fail("the input is not a square with three channels");
    }
    config_.size = static_cast<int>(size);
  }

  // v * scale + offset = (v / 255 - mean) / std
  void read_normalisation(const KerasNode& node) {
    const KerasOptions options(node);
    if (node.kind != "Rescaling") {
      options.fail("the layer after the input must be the Rescaling that normalises");
    }
    const auto scale = options.rgb("scale"), offset = options.rgb("offset");
    for (std::size_t i = 0; i < 3; ++i) {
      if (!(scale[i] >= 1e-9)) options.fail("scale is not positive");
      const double std = 1 / (255 * scale[i]);
      config_.std[i] = static_cast<float>(std);
      config_.mean[i] = static_cast<float>(-offset[i] * std);
    }
  }

  // softmax(logits * scale), where scale = 1 / temperature; the Rescaling may be missing.
  void read_output(std::vector<Chain::Step>& steps) {
    if (steps.empty()) fail_keras("it has no layers after the normalisation");
    const KerasNode& last = nodes_[steps.back().node];
    if (last.kind == "Softmax" ||
        (last.kind == "Activation" && KerasOptions(last).text("activation") == "softmax")) {
      steps.pop_back();
    } else if (last.kind == "Dense" && KerasOptions(last).text("activation") == "softmax") {
      softmax_dense_ = &last;
    } else {
      KerasOptions(last).fail("the last layer must be a softmax");
    }
    if (steps.empty() || nodes_[steps.back().node].kind != "Rescaling") return;
    const KerasOptions options(nodes_[steps.back().node]);
    options.require("offset", 0.0);
    config_.temperature = static_cast<float>(1 / options.in().at("scale").number(1e-6, 1e6));
    steps.pop_back();
  }

  void layers(const std::vector<Chain::Step>& steps, std::vector<KerasLayerSpec>& out) {
    int pad = 0;  // of a ZeroPadding2D, for the next convolution
    for (const Chain::Step& step : steps) {
      const KerasNode& node = nodes_[step.node];
      if (node.kind == "Add") {
        KerasLayerSpec residual{{ResidualSpec{}}, "", {}};
        layers(step.block, residual.block);
        out.push_back(std::move(residual));
        continue;
      }
      const KerasOptions options(node);
      if (pad != 0 && !node.kind.ends_with("Conv2D")) options.fail("a ZeroPadding2D precedes it");
      if (node.kind == "ZeroPadding2D") {
        pad = options.padding();
        continue;
      }
      layer(node, options, std::exchange(pad, 0), out);
    }
    if (pad != 0) fail_keras("a ZeroPadding2D is not followed by a convolution");
  }

  void layer(const KerasNode& node, const KerasOptions& options, int pad,
             std::vector<KerasLayerSpec>& out) const {
    const auto add = [&](auto spec, const std::string& weights = "") {
      out.push_back({{spec}, weights, {}});
    };
    const std::string& kind = node.kind;
    if (kind == "Conv2D") {
      add(conv(options, pad), node.name);
      activation(node, options, out);
    } else if (kind == "DepthwiseConv2D") {
      options.require("depth_multiplier", 1);
      const Conv2dSpec spec = window(options, pad);
      add(DepthwiseConv2dSpec{spec.kernel, spec.stride, spec.pad, spec.bias}, node.name);
      activation(node, options, out);
    } else if (kind == "Dense") {
      add(DenseSpec{options.integer("units"), options.flag("use_bias", true)}, node.name);
      if (&node != softmax_dense_) activation(node, options, out);
    } else if (kind == "BatchNormalization") {
      add(batch_norm(options), node.name);
    } else if (kind == "Activation") {
      activation(node, options, out);
    } else if (kind == "ReLU") {
      options.require("negative_slope", 0.0);
      options.require("threshold", 0.0);
      if (options.in().has("max_value") && options.in().at("max_value").value() == 6.0) {
        add(Relu6Spec{});
      } else {
        options.require("max_value", nullptr);
        add(ReluSpec{});
      }
    } else if (kind == "MaxPooling2D") {
      add(max_pool(options));
    } else if (kind == "GlobalAveragePooling2D" || kind == "GlobalMaxPooling2D") {
      options.require("data_format", "channels_last");
      kind == "GlobalAveragePooling2D" ? add(GlobalAvgPoolSpec{}) : add(GlobalMaxPoolSpec{});
    } else if (kind == "Dropout") {
      options.require("noise_shape", nullptr);
      add(DropoutSpec{options.in().at("rate").float_number(0.0f, 0.999f)});
    } else if (kind == "Flatten") {
      options.require("data_format", "channels_last");
      add(FlattenSpec{});
    } else if (kind == "Reshape") {
      options.require("target_shape", {1, 1, -1});  // features as a map of one pixel: no change
    } else {
      options.fail("this kind of layer is not supported here");
    }
  }

  static Conv2dSpec conv(const KerasOptions& options, int pad) {
    options.require("groups", 1);
    Conv2dSpec spec = window(options, pad);
    spec.out = options.integer("filters");
    return spec;
  }
  // The options of both kinds of convolution; `out` is not set.
  static Conv2dSpec window(const KerasOptions& options, int pad) {
    options.require("data_format", "channels_last");
    if (options.in().has("dilation_rate") && options.square("dilation_rate") != 1) {
      options.fail("dilation is not supported");
    }
    Conv2dSpec spec{0, options.square("kernel_size"), options.square("strides"), pad,
                    options.flag("use_bias", true)};
    const std::string padding = options.text("padding");
    if (padding == "same") {
      // With a stride or an even kernel, more zeros may be on the right and at the bottom.
      if (pad != 0) options.fail("padding \"same\" follows a ZeroPadding2D");
      const bool symmetric = spec.stride == 1 && spec.kernel % 2 == 1;
      spec.pad = symmetric ? (spec.kernel - 1) / 2 : kSamePadding;
    } else if (padding != "valid") {
      options.fail("padding \"" + padding + "\" is not supported");
    }
    return spec;
  }
  static BatchNormSpec batch_norm(const KerasOptions& options) {
    const Json& axis = options.in().at("axis").value();
    const Json& number = axis.is_array() && axis.size() == 1 ? axis.front() : axis;
    if (number != -1 && number != 3) options.fail("axis " + axis.dump() + " is not the last");
    options.require("center", true);
    options.require("scale", true);
    return {options.in().at("epsilon").float_number(1e-12f, 1.0f),
            static_cast<float>(1 - options.in().at("momentum").number(0, 1))};
  }
  static MaxPoolSpec max_pool(const KerasOptions& options) {
    options.require("data_format", "channels_last");
    options.require("padding", "valid");
    const MaxPoolSpec spec{options.square("pool_size")};
    if (options.in().has("strides") && !options.in().at("strides").is_null() &&
        options.square("strides") != spec.size) {
      options.fail("strides differ from pool_size");
    }
    return spec;
  }
  static void activation(const KerasNode& node, const KerasOptions& options,
                         std::vector<KerasLayerSpec>& out) {
    if (!options.in().has("activation") || options.in().at("activation").is_null()) return;
    const std::string name = options.text("activation");
    if (name == "relu") {
      out.push_back({{ReluSpec{}}, "", {}});
    } else if (name == "relu6") {
      out.push_back({{Relu6Spec{}}, "", {}});
    } else if (name == "gelu") {
      out.push_back({{GeluSpec{}}, "", {}});
    } else if (name != "linear") {
      KerasOptions(node).fail("activation \"" + name + "\" is not supported here");
    }
  }

  const std::vector<KerasNode>& nodes_;
  const KerasNode* softmax_dense_ = nullptr;  // the last layer, if it includes the softmax
  KerasConfig config_;
};

}  // namespace

KerasConfig parse_keras_config(std::string_view text) {
  const Json json = parse_json(text, "Keras model: model_config");
  const JsonReader model(json, "Keras model: model_config");
  return ConfigReader(parse_nodes(model)).read();
}

}  // namespace fovea
