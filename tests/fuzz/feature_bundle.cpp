#include "engine/model/feature_statistics.h"

#include "tests/fuzz/safetensors.h"

using namespace fovea;

// Input: a feature bundle, read as it is and with correct hashes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_feature_statistics({data, size}); });
  fuzz::may_refuse([&] {
    const FeatureStatistics bundle = read_feature_statistics(fuzz::with_hashes({data, size}));
    const std::vector<std::uint8_t> again = write_feature_statistics(bundle);
    fuzz::require(write_feature_statistics(read_feature_statistics(again)) == again);
  });
  return 0;
}
