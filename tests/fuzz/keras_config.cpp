#include "engine/exchange/keras_config.h"

#include <cmath>

#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

void check(const std::vector<KerasLayerSpec>& layers) {
  for (const KerasLayerSpec& layer : layers) {
    fuzz::require(layer.block.empty() || std::holds_alternative<ResidualSpec>(layer.spec.kind));
    check(layer.block);
  }
}

}  // namespace

// Input: the model_config of a Keras file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] {
    const KerasConfig config = parse_keras_config(fuzz::text({data, size}));
    fuzz::require(config.size > 0 && config.temperature > 0);
    for (std::size_t i = 0; i < 3; ++i) {
      fuzz::require(std::isfinite(config.mean[i]) && std::isfinite(config.std[i]));
    }
    check(config.layers);
  });
  return 0;
}
