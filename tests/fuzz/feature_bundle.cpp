#include "engine/model/feature_bundle.h"

#include "tests/fuzz/safetensors.h"

using namespace fovea;

// Input: a feature bundle, read as it is and with correct hashes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_feature_bundle({data, size}); });
  fuzz::may_refuse([&] {
    const FeatureBundle bundle = read_feature_bundle(fuzz::with_hashes({data, size}));
    const std::vector<std::uint8_t> again = write_feature_bundle(bundle);
    fuzz::require(write_feature_bundle(read_feature_bundle(again)) == again);
  });
  return 0;
}
