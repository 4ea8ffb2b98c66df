#include <cstring>
#include <functional>

#include "engine/core/error.h"
#include "engine/exchange/imported.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "engine/model/safetensors.h"
#include "tests/engine/exchange/example_model.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

ImportSettings settings_of(const Model& model) {
  ImportSettings settings;
  settings.network = model.network.spec();
  settings.classes = model.classes;
  settings.preprocess = model.preprocess;
  settings.temperature = model.temperature;
  return settings;
}

Model tiny_model() {
  Model model{Network(preset_network("tiny", 32, 2)), {}, {"a", "b"}, 1.0f, {}};
  model.network.initialise(5);
  return model;
}

// The tensors of a model file in a safetensors file without the metadata of Fovea.
std::vector<std::uint8_t> state_dict(const Model& model,
                                     const std::function<void(Safetensors&)>& change = {}) {
  const auto bytes = write_model(model);
  Safetensors file = read_safetensors(bytes);
  file.metadata = {{"format", "pt"}};
  if (change) change(file);
  return write_safetensors(file);
}

StoredTensor& tensor_named(Safetensors& file, const std::string& name) {
  for (StoredTensor& tensor : file.tensors) {
    if (tensor.name == name) return tensor;
  }
  FAIL("no tensor " + name);
  throw std::logic_error("unreachable");
}

// tiny: 0, 4 and 8 are convolutions, 1, 5 and 9 batch norms, 14 is the dense layer.
void give_own_names(Safetensors& file) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"0.", "conv1."}, {"4.", "conv2."}, {"8.", "conv10."}, {"1.", "bn1."},
      {"5.", "bn2."},   {"9.", "bn10."},  {"14.", "fc."}};
  for (StoredTensor& tensor : file.tensors) {
    for (const auto& [from, to] : names) {
      if (tensor.name.starts_with(from)) {
        tensor.name = to + tensor.name.substr(from.size());
        break;
      }
    }
  }
}

}  // namespace

TEST_CASE("a state dict with the names of a Sequential is imported", "[engine][exchange]") {
  const Model model = test::exchange_model();
  const std::string expected = weights_sha256(write_model(model));
  const Model back = read_state_dict(state_dict(model), settings_of(model));
  CHECK(weights_sha256(write_model(back)) == expected);
  CHECK(back.temperature == model.temperature);
  CHECK(back.preprocess == model.preprocess);

  const auto prefixed = state_dict(model, [](Safetensors& file) {
    for (StoredTensor& tensor : file.tensors) tensor.name = "module.net." + tensor.name;
  });
  CHECK(weights_sha256(write_model(read_state_dict(prefixed, settings_of(model)))) == expected);
}

TEST_CASE("numbered attributes are matched in the order of their numbers", "[engine][exchange]") {
  const Model model = tiny_model();
  const std::vector<std::uint8_t> steps(8);  // an I64 counter, as PyTorch stores it
  const auto bytes = state_dict(model, [&](Safetensors& file) {
    give_own_names(file);
    file.tensors.push_back({"bn1.num_batches_tracked", DType::i64, {}, steps});
  });
  const Model back = read_state_dict(bytes, settings_of(model));
  CHECK(weights_sha256(write_model(back)) == weights_sha256(write_model(model)));
}

TEST_CASE("half precision state dicts are read as 32-bit floats", "[engine][exchange]") {
  const Model model = tiny_model();
  const auto half = write_model(model, true);
  const Model expected = read_model(half);
  Safetensors file = read_safetensors(half);
  file.metadata = {};
  const Model back = read_state_dict(write_safetensors(file), settings_of(model));
  CHECK(weights_sha256(write_model(back)) == weights_sha256(write_model(expected)));
}

TEST_CASE("state dicts that do not fit are rejected with the tensor", "[engine][exchange]") {
  const Model model = tiny_model();
  const auto rejected = [&](const std::function<void(Safetensors&)>& change,
                            const std::string& reason) {
    INFO(reason);
    const auto bytes = state_dict(model, [&](Safetensors& file) {
      give_own_names(file);
      change(file);
    });
    CHECK_THROWS_WITH(read_state_dict(bytes, settings_of(model)), ContainsSubstring(reason));
  };
  rejected([](Safetensors& file) { file.tensors.erase(file.tensors.begin()); },
           "it has 2 convolutions (conv10, conv2), the network has 3");
  rejected([](Safetensors& file) { tensor_named(file, "conv2.weight").name = "stem.weight"; },
           "the order of the convolutions conv1 and stem is not known");
  rejected([](Safetensors& file) { tensor_named(file, "fc.bias").name = "fc.offset"; },
           "tensor fc.bias is missing");
  rejected(
      [](Safetensors& file) {
        tensor_named(file, "conv1.weight").shape = {3, 16, 3, 3};
      },
      "tensor conv1.weight has shape [3, 16, 3, 3]; the network needs [16, 3, 3, 3]");
  rejected(
      [](Safetensors& file) {
        tensor_named(file, "conv1.weight").shape = {16, 27};
      },
      "it has 2 convolutions");
  rejected(
      [](Safetensors& file) {
        StoredTensor copy = tensor_named(file, "fc.bias");
        copy.name = "fc.scale";
        file.tensors.push_back(copy);
      },
      "tensor fc.scale is not part of the network");
  rejected(
      [](Safetensors& file) {
        tensor_named(file, "fc.bias").dtype = DType::i64;
        tensor_named(file, "fc.bias").shape = {1};
      },
      "tensor fc.bias has dtype I64");
  rejected(
      [](Safetensors& file) {
        tensor_named(file, "conv1.weight").name = "conv99999999999999999999.weight";
      },
      "the number in the name conv99999999999999999999 is too large");
}

TEST_CASE("a state dict without a network or classes is rejected", "[engine][exchange]") {
  const Model model = tiny_model();
  const auto bytes = state_dict(model);
  CHECK_THROWS_AS(read_state_dict(bytes, {}), ConfigError);
  ImportSettings settings = settings_of(model);
  settings.classes.reset();
  CHECK_THROWS_AS(read_state_dict(bytes, settings), ConfigError);
}

TEST_CASE("every truncation and length of a state dict is checked", "[engine][exchange]") {
  const Model model = tiny_model();
  const auto bytes = state_dict(model);
  for (std::size_t length = 0; length < bytes.size(); length += length < 3000 ? 13 : 997) {
    const std::vector<std::uint8_t> part(bytes.begin(), bytes.begin() + std::ptrdiff_t(length));
    CHECK_THROWS_AS(read_state_dict(part, settings_of(model)), FormatError);
  }
  std::vector<std::uint8_t> huge(16, 0xff);
  CHECK_THROWS_WITH(read_state_dict(huge, settings_of(model)), ContainsSubstring("header length"));
}
