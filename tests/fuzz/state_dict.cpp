#include "engine/exchange/imported.h"
#include "engine/model/model_file.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

// A convolution, a batch norm and a linear layer on images of 2 x 2 pixels.
ImportSettings settings() {
  ImportSettings settings;
  settings.network.emplace();
  settings.network->input = {1, 2, 2, 3};
  settings.network->layers = {{Conv2dSpec{2, 1, 1, 0, false}},
                              {BatchNormSpec{}},
                              {GlobalAvgPoolSpec{}},
                              {DenseSpec{2, true}}};
  settings.classes = {"a", "b"};
  settings.preprocess.emplace();
  settings.preprocess->size = 2;
  return settings;
}

}  // namespace

// Input: a PyTorch state dict as a safetensors file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] {
    const std::vector<std::uint8_t> file = write_model(read_state_dict({data, size}, settings()));
    fuzz::require(write_model(read_model(file)) == file);
  });
  return 0;
}
