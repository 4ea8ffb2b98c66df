#include "engine/model/feature_statistics.h"

#include "tests/fuzz/safetensors.h"

using namespace fovea;

// Input: a feature statistics file, read unchanged and with correct hashes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_feature_statistics({data, size}); });
  fuzz::may_refuse([&] {
    const FeatureStatistics statistics = read_feature_statistics(fuzz::with_hashes({data, size}));
    const std::vector<std::uint8_t> again = write_feature_statistics(statistics);
    fuzz::require(write_feature_statistics(read_feature_statistics(again)) == again);
  });
  return 0;
}
