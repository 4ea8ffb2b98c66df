#include "engine/model/model_file.h"

#include "engine/model/classifier.h"
#include "engine/model/network.h"
#include "tests/fuzz/safetensors.h"

using namespace fovea;

namespace {

// A model that was accepted must classify images.
void use(fuzz::Bytes file) {
  const Model model = read_model(file);
  const std::vector<std::uint8_t> again = write_model(model);
  fuzz::require(write_model(read_model(again)) == again);
  if (model.network.flops() > 10'000'000) return;  // too slow
  const Classifier classifier(again);
  Tensor x(Shape{1, model.preprocess.size, model.preprocess.size, 3}), probabilities;
  x.fill(0.5f);
  Scratch scratch;
  classifier.predict(x, probabilities, scratch);
  fuzz::require(probabilities.size() == static_cast<std::int64_t>(model.classes.size()));
}

}  // namespace

// Input: a model file, read as it is and with correct hashes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_model_file({data, size}); });
  fuzz::may_refuse([&] { use(fuzz::with_hashes({data, size})); });
  return 0;
}
