#include "engine/data/dataset.h"

#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: a dataset index, read as it is and with the correct digest appended.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_index({data, data + size}); });
  fuzz::may_refuse([&] {
    const DatasetIndex index = read_index(fuzz::with_digest({data, size}));
    for (const ImageRecord& image : index.images) fuzz::require(index.find(image.hash) == &image);
    fuzz::require(index.revision().size() == 64);
    const std::vector<std::uint8_t> again = write_index(index);
    fuzz::require(write_index(read_index(again)) == again);
  });
  return 0;
}
