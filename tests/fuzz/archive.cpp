#include "engine/data/image_source.h"
#include "engine/data/layout.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: an uploaded archive. Reads all files and derives classes and splits from their paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Bytes bytes(data, size);
  is_archive(bytes);
  fuzz::may_refuse([&] {
    const auto source = open_archive(bytes, "upload");
    std::vector<std::string> paths;
    SourceFile file;
    while (source->next(file)) {
      fuzz::require(file.bytes.size() <= ImageSource::kMaxFileBytes);
      fuzz::require(file.problem.empty() || file.bytes.empty());
      const double fraction = source->fraction();
      fuzz::require(fraction >= 0 && fraction <= 1);
      if (file.problem.empty()) {
        fuzz::require(("/" + file.path + "/").find("/../") == std::string::npos);
        paths.push_back(file.path);
      }
    }
    fuzz::require(!source->next(file));
    fuzz::require(read_layout(paths).size() == paths.size());
  });
  return 0;
}
