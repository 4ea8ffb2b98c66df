#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/exchange/hdf5_file.h"
#include "engine/exchange/imported.h"
#include "engine/exchange/keras_config.h"
#include "engine/exchange/keras_h5_writer.h"
#include "engine/model/classifier.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/nn/conv2d.h"
#include "tests/engine/exchange/example_model.h"
#include "tests/support/catch.h"

using namespace fovea;
using nlohmann::json;

namespace {

Tensor probabilities_of(const Model& model) {
  Tensor x({2, model.preprocess.size, model.preprocess.size, 3});
  Rng rng(3);
  for (Scalar& value : x.values()) value = rng.uniform(-2.0f, 2.0f);
  Tensor result;
  Scratch scratch;
  Classifier(write_model(model)).predict(x, result, scratch);
  return result;
}

// A small functional model of Keras 3: image, normalise, conv, add, pool, dense with softmax.
json functional_config() {
  const auto tensor = [](const char* layer) {
    return json{{"class_name", "__keras_tensor__"}, {"config", {{"keras_history", {layer, 0, 0}}}}};
  };
  const auto layer = [](const char* kind, const char* name, json config, json inputs) {
    config["name"] = name;
    json nodes = json::array();
    if (!inputs.empty()) nodes.push_back({{"args", inputs}, {"kwargs", json::object()}});
    return json{{"class_name", kind}, {"name", name}, {"config", config}, {"inbound_nodes", nodes}};
  };
  const json conv{{"filters", 3},      {"kernel_size", {3, 3}}, {"strides", {1, 1}},
                  {"padding", "same"}, {"activation", "relu"},  {"use_bias", true}};
  json layers = json::array();
  layers.push_back(layer("InputLayer", "image", {{"batch_shape", {nullptr, 8, 8, 3}}}, {}));
  layers.push_back(
      layer("Rescaling", "normalise", {{"scale", 1 / 127.5}, {"offset", -1}}, {tensor("image")}));
  layers.push_back(layer("Conv2D", "conv", conv, {tensor("normalise")}));
  json both = json::array();
  both.push_back({tensor("normalise"), tensor("conv")});
  layers.push_back(layer("Add", "add", json::object(), both));
  layers.push_back(layer("GlobalAveragePooling2D", "pool", json::object(), {tensor("add")}));
  layers.push_back(
      layer("Dense", "dense", {{"units", 4}, {"activation", "softmax"}}, {tensor("pool")}));
  return {{"class_name", "Functional"}, {"config", {{"layers", layers}}}};
}

}  // namespace

TEST_CASE("a model survives export to Keras and import", "[engine][exchange]") {
  const Model model = test::exchange_model();
  const auto bytes = write_keras_h5(model, test::example_source());
  const Model back = read_keras_h5(bytes, {});
  CHECK(back.classes == model.classes);
  CHECK(back.preprocess == model.preprocess);
  CHECK(back.temperature == model.temperature);
  CHECK(back.provenance.at("parent") == std::string(64, 'a'));
  const Tensor expected = probabilities_of(model), found = probabilities_of(back);
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    CHECK(found.values()[i] == expected.values()[i]);
  }
}

TEST_CASE("presets keep their architecture through Keras", "[engine][exchange]") {
  for (const std::string& preset : preset_names()) {
    INFO(preset);
    Model model{Network(preset_network(preset, 32, 2)), {}, {"a", "b"}, 1.0f, {}};
    model.network.initialise(1);
    const Model back = read_keras_h5(write_keras_h5(model, test::example_source()), {});
    CHECK(back.network.spec() == model.network.spec());
    CHECK(weights_sha256(write_model(back)) == weights_sha256(write_model(model)));
  }
}

TEST_CASE("equal models give equal Keras files", "[engine][exchange]") {
  const Model model = test::exchange_model();
  CHECK(write_keras_h5(model, test::example_source()) ==
        write_keras_h5(model, test::example_source()));
}

TEST_CASE("every truncation of a Keras file is rejected", "[engine][exchange]") {
  const auto bytes = write_keras_h5(test::exchange_model(), test::example_source());
  for (std::size_t length = 0; length < bytes.size(); length += length < 3000 ? 7 : 997) {
    const std::vector<std::uint8_t> part(bytes.begin(), bytes.begin() + std::ptrdiff_t(length));
    CHECK_THROWS_AS(read_keras_h5(part, {}), FormatError);
  }
}

TEST_CASE("class names that a Keras file lacks are required", "[engine][exchange]") {
  Model model{Network(preset_network("tiny", 32, 2)), {}, {"a", "b"}, 1.0f, {}};
  Hdf5Reader whole(write_keras_h5(model, test::example_source()));
  Hdf5Writer file;  // what Keras keeps when it saves: no attribute "fovea"
  file.create_group("model_weights");
  file.write_text("/", "model_config", *whole.text("/", "model_config"));
  for (const std::string& layer : whole.texts("model_weights", "layer_names")) {
    const std::string group = "model_weights/" + layer;
    file.create_group(group);
    const auto names = whole.texts(group, "weight_names");
    file.write_texts(group, "weight_names", names);
    for (const std::string& name : names) {
      const auto shape = whole.shape(group + "/" + name);
      std::int64_t count = 1;
      for (const std::int64_t size : shape) count *= size;
      std::vector<float> values(static_cast<std::size_t>(count));
      whole.read_floats(group + "/" + name, values);
      file.write_floats(group + "/" + name, shape, values);
    }
  }
  const auto bytes = file.bytes();
  CHECK_THROWS_WITH(read_keras_h5(bytes, {}), ContainsSubstring("class names"));
  ImportSettings settings;
  settings.classes = {"yes", "no"};
  CHECK(read_keras_h5(bytes, settings).classes == *settings.classes);
}

TEST_CASE("a functional Keras model becomes a residual block", "[engine][exchange]") {
  const KerasConfig config = parse_keras_config(functional_config().dump());
  CHECK(config.size == 8);
  CHECK(config.mean[0] == 0.5f);
  CHECK(config.std[2] == 0.5f);
  REQUIRE(config.layers.size() == 3);
  REQUIRE(std::holds_alternative<ResidualSpec>(config.layers[0].spec.kind));
  REQUIRE(config.layers[0].block.size() == 2);  // the convolution and its activation
  CHECK(config.layers[0].block[0].keras_name == "conv");
  CHECK(std::get<DenseSpec>(config.layers[2].spec.kind) == DenseSpec{4, true});
}

TEST_CASE("depthwise convolutions and ReLU6 and strided SAME padding of Keras are read",
          "[engine][exchange]") {
  json config = functional_config();
  json& layers = config["config"]["layers"];
  layers[2]["class_name"] = "DepthwiseConv2D";
  layers[2]["config"].erase("filters");
  layers[2]["config"]["depth_multiplier"] = 1;
  layers[2]["config"]["activation"] = "relu6";
  const auto block = parse_keras_config(config.dump()).layers.at(0).block;
  REQUIRE(block.size() == 2);
  CHECK(block[0].spec == LayerSpec{DepthwiseConv2dSpec{3, 1, 1, true}});
  CHECK(block[1].spec == LayerSpec{Relu6Spec{}});
  layers[2]["config"]["strides"] = {2, 2};
  CHECK(parse_keras_config(config.dump()).layers.at(0).block.at(0).spec ==
        LayerSpec{DepthwiseConv2dSpec{3, 2, kSamePadding, true}});
  layers[2]["config"]["depth_multiplier"] = 2;
  CHECK_THROWS_WITH(parse_keras_config(config.dump()),
                    ContainsSubstring("conv (DepthwiseConv2D): depth_multiplier is 2"));
}

TEST_CASE("Keras models that Fovea cannot compute are rejected with the layer",
          "[engine][exchange]") {
  const auto rejected = [](const json& change, const std::string& reason) {
    INFO(reason);
    CHECK_THROWS_WITH(parse_keras_config(functional_config().patch(change).dump()),
                      ContainsSubstring(reason));
  };
  const auto set = [](const std::string& path, json value) {
    return json::array({{{"op", "add"}, {"path", "/config/layers/" + path}, {"value", value}}});
  };
  rejected(set("2/config/dilation_rate", {2, 2}), "conv (Conv2D): dilation");
  rejected(set("2/config/groups", 3), "conv (Conv2D): groups is 3");
  rejected(set("2/config/kernel_size", {3, 5}), "kernel_size is not square");
  rejected(set("2/config/activation", "selu"), "activation \"selu\"");
  rejected(set("2/class_name", "SeparableConv2D"), "(SeparableConv2D): this kind of layer");
  rejected(set("5/config/activation", "linear"), "the last layer must be a softmax");
  rejected(set("1/class_name", "Dropout"), "must be the Rescaling");
  rejected(set("1/config/scale", -1), "scale is not positive");
  rejected(set("0/config/batch_shape", {nullptr, 8, 9, 3}), "not a square");
  rejected(set("3/inbound_nodes", json::array()), "does not add two different layers");
  rejected(set("2/inbound_nodes", {{{"dense", 0, 0}}}), "dense, which is not an earlier layer");
  rejected(set("4/inbound_nodes", {{{"normalise", 0, 0}}}), "does not lead to the last layer");
  rejected(set("5/config/name", "pool"), "two layers have the name pool");
  CHECK_THROWS_AS(parse_keras_config("{"), FormatError);
  CHECK_THROWS_AS(parse_keras_config("[]"), FormatError);
}
