#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/data/import.h"
#include "tests/support/archives.h"
#include "tests/support/bitmaps.h"

namespace fovea::tests {

inline std::vector<std::uint8_t> text_bytes(const std::string& words) {
  return {words.begin(), words.end()};
}

inline void write_tree(const std::filesystem::path& root,
                       const std::vector<ArchiveEntry>& entries) {
  for (const ArchiveEntry& entry : entries) {
    std::filesystem::create_directories((root / entry.path).parent_path());
    std::ofstream(root / entry.path, std::ios::binary)
        .write(reinterpret_cast<const char*>(entry.bytes.data()),
               std::streamsize(entry.bytes.size()));
  }
}

inline std::vector<ArchiveEntry> class_tree(int first, int count) {
  std::vector<ArchiveEntry> entries;
  for (int i = first; i < first + count; ++i) {
    const std::string name = std::to_string(i) + ".bmp";
    entries.push_back({(i % 2 ? "cat/" : "dog/") + name, bmp(i), {}});
  }
  return entries;
}

struct ImportResult {
  ImportReport report;
  std::map<std::string, std::string> reasons;  // of rejected and duplicate files, by name
  int added = 0;
};

inline ImportResult import_tree(const std::filesystem::path& source,
                                const std::filesystem::path& folder,
                                const ImportOptions& options = {}) {
  ImportResult result;
  ImportEvents events;
  events.file = [&](const FileResult& verdict) {
    if (verdict.kind == FileResult::Kind::added) ++result.added;
    if (verdict.kind != FileResult::Kind::added) result.reasons[verdict.file] = verdict.reason;
  };
  result.report = import_dataset(source, folder, options, events);
  return result;
}

inline int count_images(const Dataset& dataset, const std::string& class_name, Split split) {
  const auto& images = dataset.images();
  return int(std::count_if(images.begin(), images.end(), [&](const ImageRecord& image) {
    return dataset.classes()[std::size_t(image.label)] == class_name && image.split == split;
  }));
}

}  // namespace fovea::tests
