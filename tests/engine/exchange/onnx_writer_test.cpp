#include "engine/exchange/onnx_writer.h"

#include <cstring>
#include <map>
#include <set>

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include "engine/exchange/network_tensors.h"
#include "tests/engine/exchange/example_model.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

onnx::ModelProto parse(const std::vector<std::uint8_t>& bytes) {
  onnx::ModelProto file;
  REQUIRE(file.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return file;
}

}  // namespace

TEST_CASE("an ONNX file passes the checker and shape inference of ONNX", "[engine][exchange]") {
  onnx::ModelProto file = parse(write_onnx(test::exchange_model(), test::example_source()));
  REQUIRE_NOTHROW(onnx::checker::check_model(file));
  // Strict: an operator whose shapes do not fit is an error.
  onnx::ShapeInferenceOptions options(true, 1);
  REQUIRE_NOTHROW(
      onnx::shape_inference::InferShapes(file, onnx::OpSchemaRegistry::Instance(), options));
  const auto& shape = file.graph().output(0).type().tensor_type().shape();
  REQUIRE(shape.dim_size() == 2);
  CHECK(shape.dim(0).dim_param() == "batch");
  CHECK(shape.dim(1).dim_value() == 3);
}

TEST_CASE("the initializers of an ONNX file are the tensors of the model file",
          "[engine][exchange]") {
  const Model model = test::exchange_model();
  const onnx::ModelProto file = parse(write_onnx(model, test::example_source()));
  std::map<std::string, const onnx::TensorProto*> stored;
  for (const auto& tensor : file.graph().initializer()) stored[tensor.name()] = &tensor;
  const auto tensors = tensors_by_name(model.network);
  for (const WeightLayout& layout : weight_layouts(model.network.spec())) {
    INFO(layout.name);
    REQUIRE(stored.count(layout.name) == 1);
    const onnx::TensorProto& tensor = *stored.at(layout.name);
    CHECK(std::vector<std::int64_t>(tensor.dims().begin(), tensor.dims().end()) == layout.shape);
    std::vector<float> values(tensor.raw_data().size() / sizeof(float));
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    CHECK(values == in_pytorch_order(layout, *tensors.at(layout.name)));
  }
}

TEST_CASE("the metadata of an ONNX file describe the model", "[engine][exchange]") {
  const onnx::ModelProto file = parse(write_onnx(test::exchange_model(), test::example_source()));
  std::map<std::string, std::string> text;
  for (const auto& entry : file.metadata_props()) text[entry.key()] = entry.value();
  CHECK(file.producer_version() == "1.2.3");
  CHECK(file.opset_import(0).version() == 17);
  CHECK(text.at("classes") == "[\"cat\",\"dog\",\"b\xc3\xa4r\"]");
  CHECK(text.at("temperature") == "1.3");
  CHECK(text.at("preprocess") ==
        R"({"size":8,"fit":"pad","mean":[0.4914,0.4822,0.1],"std":[0.247,0.33333334,0.2616]})");
  CHECK(text.at("weights_sha256") == std::string(64, 'a'));
  CHECK(text.at("provenance.name") == "example");
}
