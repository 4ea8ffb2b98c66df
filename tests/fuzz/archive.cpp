#include "engine/data/class_name.h"
#include "engine/data/file_names.h"
#include "engine/data/image_source.h"
#include "engine/data/import_entries.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

// Reads all files and derives classes and splits from their paths.
void read_all(fuzz::Bytes bytes, const std::string& charset) {
  const auto source = open_archive(bytes, "upload", {charset});
  std::vector<ImportEntry> entries;
  SourceFile file;
  while (source->next(file)) {
    fuzz::require(file.bytes.size() <= ImageSource::kMaxFileBytes);
    fuzz::require(file.path.size() <= ImageSource::kMaxPathBytes);
    fuzz::require(file.problem.empty() || file.bytes.empty());
    fuzz::require(is_utf8(escape_bytes(file.path)));
    const double fraction = source->fraction();
    fuzz::require(fraction >= 0 && fraction <= 1);
    if (file.problem.empty()) {
      fuzz::require(("/" + file.path + "/").find("/../") == std::string::npos);
    }
    ImportEntry& entry = entries.emplace_back();
    entry.path = file.path;
    entry.by_path = true;
    entry.problem = file.problem;
  }
  fuzz::require(!source->next(file));
  place_entries(entries, charset.empty());
  std::size_t usable = 0, grouped = 0;
  for (const ImportEntry& entry : entries) {
    if (!entry.problem.empty()) continue;
    ++usable;
    fuzz::require(entry.label.has_value() && parse_class_name(*entry.label) == *entry.label);
  }
  for (const auto& group : group_same_images(entries)) grouped += group.size();
  fuzz::require(grouped == usable);
}

}  // namespace

// Input: an uploaded archive, read with and without a charset for its names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Bytes bytes(data, size);
  is_archive(bytes);
  for (const char* charset : {"", "cp437", "shift-jis"}) {
    fuzz::may_refuse([&] { read_all(bytes, charset); });
  }
  return 0;
}
