#include "engine/train/checkpoint.h"

#include "engine/train/run_state.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: a training checkpoint, read as it is and with the correct digest appended.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] { read_checkpoint({data, size}); });
  fuzz::may_refuse([&] {
    Checkpoint checkpoint = read_checkpoint(fuzz::with_digest({data, size}));
    CheckpointView view;
    view.texts = checkpoint.texts;
    for (const auto& [name, array] : checkpoint.arrays) view.arrays[name] = &array;
    const std::vector<std::uint8_t> again = write_checkpoint(view);
    fuzz::require(read_checkpoint(again).texts == checkpoint.texts);
    RunState::take_from(checkpoint);
  });
  return 0;
}
