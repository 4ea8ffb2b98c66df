#include "engine/exchange/torch_state.h"

#include "engine/exchange/backbone_import.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

// Another form than the legacy one: the length of data.pkl in 2 bytes, data.pkl, and the numbers of
// storage 0.
ArchiveFiles archive_of(fuzz::Bytes input) {
  ArchiveFiles files;
  if (input.size() < 2) return files;
  const std::size_t length = std::min<std::size_t>(input[0] | input[1] << 8, input.size() - 2);
  const fuzz::Bytes pickle = input.subspan(2, length), numbers = input.subspan(2 + length);
  files["a/data.pkl"].assign(pickle.begin(), pickle.end());
  files["a/data/0"].assign(numbers.begin(), numbers.end());
  return files;
}

}  // namespace

// Input: a PyTorch state dict in one of the two forms.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::may_refuse([&] {
    const fuzz::Bytes input(data, size);
    const bool legacy = is_torch_legacy(input);
    const ArchiveFiles files = legacy ? ArchiveFiles{} : archive_of(input);
    const auto tensors = legacy ? read_torch_legacy(input) : read_torch_archive(files);
    for (const TorchTensor& tensor : tensors) {
      fuzz::require(tensor.count() >= 0 && tensor.shape.size() == tensor.strides.size());
      // The sanitizer detects a number outside of the storage.
      if (!tensor.floating || tensor.count() > 1 << 16) continue;
      fuzz::require(std::int64_t(row_major(tensor).size()) == tensor.count());
    }
    import_backbone(tensors);
  });
  return 0;
}
