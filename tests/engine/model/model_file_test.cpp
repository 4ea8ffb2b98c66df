#include "engine/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/model/classifier.h"
#include "engine/model/safetensors.h"
#include "engine/nn/conv2d.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

const std::string kV1 = FOVEA_SOURCE_DIR "/tests/data/model-v1.safetensors";

// Batch norm over channels and over flattened features, a residual block, and a dense layer after a
// map of several pixels.
Model small_model() {
  NetworkSpec spec;
  spec.input = {1, 6, 6, 3};
  spec.layers = {{Conv2dSpec{4, 3, 1, 1, false}},
                 {BatchNormSpec{}},
                 {ReluSpec{}},
                 {MaxPoolSpec{2}},
                 {ResidualSpec{{{Conv2dSpec{4, 3, 1, 1, true}}, {ReluSpec{}}}}},
                 {FlattenSpec{}},
                 {BatchNormSpec{1e-3f, 0.2f}},
                 {DropoutSpec{0.25f}},
                 {DenseSpec{5, true}},
                 {GeluSpec{}},
                 {DenseSpec{3, false}}};
  Model model{Network(spec), {}, {"cat", "dog", "b\xc3\xa4r"}, 1.3f, {}};
  model.network.initialise(7);
  Rng rng(11);
  for (Buffer* buffer : model.network.buffers()) {
    for (Scalar& x : buffer->value.values()) x = rng.uniform(0.5f, 2.0f);
  }
  model.preprocess.size = 6;
  model.preprocess.fit = Fit::pad;
  model.preprocess.mean = {0.4914f, 0.4822f, 0.1f};
  model.preprocess.std = {0.247f, 1.0f / 3, 0.2616f};
  model.provenance = {{"name", "small \"test\" model"}, {"seed", "7"}};
  return model;
}

Tensor test_input() {
  Tensor x({1, 6, 6, 3});
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      for (int c = 0; c < 3; ++c) {
        x.data()[(i * 6 + j) * 3 + c] = Scalar((i * 7 + j * 13 + c * 29) % 23) / 11 - 1;
      }
    }
  }
  return x;
}

std::vector<Scalar> all_values(const Network& network) {
  std::vector<Scalar> all;
  const auto append = [&](const Tensor& t) {
    all.insert(all.end(), t.values().begin(), t.values().end());
  };
  for (const Param* param : network.params()) append(param->value);
  for (const Buffer* buffer : network.buffers()) append(buffer->value);
  return all;
}

// The file with changed parts and valid hashes.
template <typename Change>
std::vector<std::uint8_t> changed(const std::vector<std::uint8_t>& bytes, Change change) {
  Safetensors file = read_safetensors(bytes);
  change(file);
  return write_safetensors(file);
}

void replace(std::string& text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  text.replace(at, part.size(), other);
}

}  // namespace

TEST_CASE("a model survives writing and reading bit for bit", "[engine][model]") {
  const Model model = small_model();
  const auto bytes = write_model(model);
  const Model again = read_model(bytes);
  CHECK(again.network.spec() == model.network.spec());
  CHECK(again.preprocess == model.preprocess);
  CHECK(again.classes == model.classes);
  CHECK(again.temperature == model.temperature);
  CHECK(again.provenance == model.provenance);
  CHECK(all_values(again.network) == all_values(model.network));
  CHECK(write_model(again) == bytes);
  CHECK(weights_sha256(bytes) == read_safetensors(bytes).sha256);
}

TEST_CASE("a model with depthwise convolutions survives writing and reading bit for bit",
          "[engine][model]") {
  NetworkSpec spec;
  spec.input = {1, 7, 7, 3};
  spec.layers = {{Conv2dSpec{8, 3, 2, kSamePadding, false}},
                 {BatchNormSpec{1e-3f, 0.01f}},
                 {Relu6Spec{}},
                 {DepthwiseConv2dSpec{5, 2, kSamePadding, true}},
                 {GlobalAvgPoolSpec{}},
                 {FlattenSpec{}},
                 {DenseSpec{2, true}}};
  Model model{Network(spec), {}, {"a", "b"}, 1.0f, {}};
  model.network.initialise(7);
  model.preprocess.size = 7;
  const auto bytes = write_model(model);
  const Model again = read_model(bytes);
  CHECK(again.network.spec() == spec);
  CHECK(all_values(again.network) == all_values(model.network));
  CHECK(write_model(again) == bytes);
}

TEST_CASE("a half-precision model file stores every weight within half a step", "[engine][model]") {
  const Model model = small_model();
  const auto bytes = write_model(model, true);
  CHECK(bytes.size() < write_model(model).size());
  const auto before = all_values(model.network);
  const Model again = read_model(bytes);
  const auto after = all_values(again.network);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double step =
        std::max(std::exp2(std::floor(std::log2(std::abs(double{before[i]}))) - 10), 0x1p-24);
    CHECK(std::abs(before[i] - after[i]) <= step / 2);
  }
  CHECK(write_model(again, true) == bytes);
}

TEST_CASE("a tensor beyond the range of halves is stored in single precision", "[engine][model]") {
  Model model = small_model();
  model.network.buffers()[1]->value.data()[2] = 70000;
  const auto bytes = write_model(model, true);
  const Safetensors file = read_safetensors(bytes);
  int singles = 0;
  for (const StoredTensor& tensor : file.tensors) {
    CHECK((tensor.dtype == DType::f32) == (tensor.name == "1.running_var"));
    singles += tensor.dtype == DType::f32;
  }
  CHECK(singles == 1);
  CHECK(read_model(bytes).network.buffers()[1]->value.data()[2] == 70000);
}

TEST_CASE("every truncation and every flipped bit of a model file is rejected", "[engine][model]") {
  const auto good = write_model(small_model(), true);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::vector<std::uint8_t> cut(good.begin(),
                                        good.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_THROWS_AS(read_model(cut), FormatError);
  }
  auto bad = good;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bad[i] = static_cast<std::uint8_t>(good[i] ^ (1u << bit));
      REQUIRE_THROWS_AS(read_model(bad), FormatError);
    }
    bad[i] = good[i];
  }
  REQUIRE_NOTHROW(read_model(bad));
}

TEST_CASE("a model file whose tensors do not match its architecture is rejected naming the tensor",
          "[engine][model]") {
  const auto good = write_model(small_model());
  const auto refuses = [&](auto change, const std::string& message) {
    const auto bytes = changed(good, change);
    CHECK_THROWS_WITH(read_model(bytes), ContainsSubstring(message));
    CHECK_THROWS_AS(read_model(bytes), FormatError);
  };
  refuses([](Safetensors& f) { f.tensors.erase(f.tensors.begin()); }, "0.weight is missing");
  refuses([](Safetensors& f) { f.tensors[0].name = "x"; }, "0.weight is missing");
  refuses(
      [](Safetensors& f) {
        f.tensors.push_back(f.tensors[0]);
        f.tensors.back().name = "9.weight";
      },
      "tensor 9.weight is not part of the architecture");
  refuses([](Safetensors& f) { f.tensors[0].shape = {108}; },
          "0.weight has shape [108]; the architecture needs [4,3,3,3]");
  refuses(
      [](Safetensors& f) {
        static const std::vector<std::uint8_t> nan{0, 0, 0xc0, 0x7f, 0, 0, 0, 0,
                                                   0, 0, 0,    0,    0, 0, 0, 0};
        f.tensors[1].bytes = nan;
      },
      "tensor 1.weight holds nan at position 0");
  refuses(
      [](Safetensors& f) {
        static const std::vector<std::uint8_t> minus{0, 0, 128, 63, 0, 0, 128, 191,
                                                     0, 0, 0,   0,  0, 0, 0,   0};
        f.tensors[4].bytes = minus;
      },
      "tensor 1.running_var holds -1.000000 at position 1");
}

TEST_CASE("a model file with invalid metadata is rejected naming the key", "[engine][model]") {
  const auto good = write_model(small_model());
  const auto refuses = [&](auto change, const std::string& message) {
    const auto bytes = changed(good, [&](Safetensors& f) { change(f.metadata); });
    CHECK_THROWS_WITH(read_model(bytes), ContainsSubstring(message));
    CHECK_THROWS_AS(read_model(bytes), FormatError);
  };
  for (const char* key : {"fovea_format", "architecture", "classes", "preprocess", "temperature"}) {
    refuses([&](auto& m) { m.erase(key); }, "metadata \"" + std::string(key) + "\" is missing");
    refuses([&](auto& m) { m[key] = ""; }, "");
    refuses([&](auto& m) { m[key] = "{}"; }, "");
  }
  refuses([](auto& m) { m["fovea_format"] = "2"; }, "format version 2 is not known");
  refuses([](auto& m) { m["extra"] = ""; }, "metadata \"extra\" is unknown");
  refuses([](auto& m) { m["temperature"] = "0"; }, "temperature is 0.000000; allowed are");
  refuses([](auto& m) { m["temperature"] = "\"1\""; }, "temperature is not a number");
  refuses([](auto& m) { m["classes"] = "[\"a\",\"b\"]"; }, "3 outputs for 2 classes");
  refuses([](auto& m) { m["classes"] = "[\"a\",\"b\",\"a\"]"; }, "class 2 repeats the name \"a\"");
  refuses([](auto& m) { m["classes"] = "[\"a\",\"\",\"c\"]"; }, "class 1 has no name");
  refuses([](auto& m) { m["classes"] = "[\"a\",\"\\u001b[2J\",\"c\"]"; },
          "class 1 has a name with");
  refuses([](auto& m) { m["classes"] = "[\"a\",\"" + std::string(201, 'b') + "\",\"c\"]"; },
          "class 1 has a name of 201 bytes; at most 200");
  refuses([](auto& m) { m["classes"] = "[1,2,3]"; }, "classes[0] is not a string");
  refuses([](auto& m) { replace(m["preprocess"], "\"size\":6", "\"size\":7"); },
          "the network takes 6x6x3, but preprocessing makes 7x7x3");
  refuses([](auto& m) { replace(m["preprocess"], "pad", "bend"); }, "bend");
  refuses([](auto& m) { replace(m["preprocess"], "0.247", "0"); }, "out of range");
  refuses([](auto& m) { replace(m["preprocess"], "0.247", "null"); }, "std[0] is not a number");
  refuses([](auto& m) { replace(m["architecture"], "gelu", "sine"); }, "layer 9: unknown kind");
  // 17 GB of weights: must be rejected before they are allocated.
  refuses([](auto& m) { replace(m["architecture"], "\"out\":5", "\"out\":65536"); },
          "8.weight has shape [5,36]; the architecture needs [65536,36]");
}

TEST_CASE("a model that could not be read back is not written", "[engine][model]") {
  const auto refuses = [](auto change, const std::string& message) {
    Model model = small_model();
    change(model);
    CHECK_THROWS_WITH(write_model(model), ContainsSubstring(message));
    CHECK_THROWS_AS(write_model(model), FormatError);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  refuses([&](Model& m) { m.network.params()[0]->value.data()[0] = nan; }, "0.weight holds nan");
  refuses([&](Model& m) { m.temperature = nan; }, "temperature is nan");
  refuses([&](Model& m) { m.preprocess.mean[1] = nan; }, "channel 1");
  refuses([](Model& m) { m.preprocess.size = 32; }, "preprocessing makes 32x32x3");
  refuses([](Model& m) { m.classes.pop_back(); }, "3 outputs for 2 classes");
  refuses([](Model& m) { m.classes[0] = "\xff"; }, "class 0");
  refuses([](Model& m) { m.provenance["note"] = "\xff"; }, "UTF-8");
}

TEST_CASE("a model file of the first version is readable and gives the same logits",
          "[engine][model]") {
  const auto bytes = read_file(kV1);
  CHECK(weights_sha256(bytes).size() == 64);
  const Model model = read_model(bytes);
  CHECK(model.classes == small_model().classes);
  CHECK(model.preprocess == small_model().preprocess);
  CHECK(model.provenance.at("seed") == "7");

  // Computed by tests/python/model_file_test.py from the file alone, in PyTorch's layouts.
  std::ifstream text(FOVEA_SOURCE_DIR "/tests/data/model-v1.logits");
  Tensor logits;
  Scratch scratch;
  model.network.infer(test_input(), logits, scratch);
  for (const Scalar logit : logits.values()) {
    double expected;
    REQUIRE(text >> expected);
    CHECK(logit == Approx(expected).epsilon(1e-5));
  }
}

// Run only for a new version of the format, whose file is stored beside this one.
TEST_CASE("write the model file of this version", "[.make][engine][model]") {
  Model model = small_model();
  model.network.buffers()[1]->value.data()[2] = 70000;  // one tensor in F32
  write_file_atomically(kV1, write_model(model, true));
}

TEST_CASE("references and their threshold are stored and checked", "[engine][model]") {
  Model model = small_model();
  model.novelty = {
      .references = Tensor({2, 1, 1, 5}), .threshold = 0.3f, .false_alarms = 0.05f, .images = 40};
  model.novelty.references.data()[1] = 1;
  model.novelty.references.data()[7] = -0.5f;
  const auto good = write_model(model);
  const Novelty read = read_model(good).novelty;
  CHECK(read.threshold == 0.3f);
  CHECK(read.false_alarms == 0.05f);
  CHECK(read.images == 40);
  REQUIRE(read.references.shape() == Shape{2, 1, 1, 5});
  CHECK(std::equal(read.references.values().begin(), read.references.values().end(),
                   model.novelty.references.values().begin()));
  CHECK(write_model(read_model(good)) == good);

  const auto refuses = [&](auto change, const std::string& message) {
    CHECK_THROWS_WITH(read_model(changed(good, change)), ContainsSubstring(message));
  };
  const auto references = [](Safetensors& f) -> StoredTensor& {
    return *std::find_if(f.tensors.begin(), f.tensors.end(),
                         [](const auto& t) { return t.name == "novelty.references"; });
  };
  refuses([](Safetensors& f) { f.metadata.erase("novelty"); }, "one is missing");
  refuses([&](Safetensors& f) { references(f).name = "novelty.x"; }, "one is missing");
  refuses([&](Safetensors& f) { references(f).shape = {5, 2}; }, "does not fit features of 5");
  refuses([&](Safetensors& f) { references(f).shape = {10}; }, "has shape [10]");
  refuses([](Safetensors& f) { f.metadata["novelty"] = "{}"; }, "threshold");
  refuses(
      [](Safetensors& f) {
        f.metadata["novelty"] = R"({"threshold":3,"false_alarms":0.05,"images":40})";
      },
      "threshold");
  refuses(
      [&](Safetensors& f) {
        static const std::vector<std::uint8_t> large(20, 0x70);
        references(f).bytes = large;
      },
      "longer than 1");
}
