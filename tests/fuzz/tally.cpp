#include "server/store/tally.h"

#include "server/store/prediction_store.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: the stored text of a tally.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] {
    const auto tally = server::Tally::from_text(std::string(fuzz::text({data, size})));
    server::Tally sum;
    sum.merge(tally);
    sum.merge(tally);
    sum.total.percentile(0.5);
    const std::string text = tally.to_text();
    fuzz::require(server::Tally::from_text(text).to_text() == text);
  });
  return 0;
}
