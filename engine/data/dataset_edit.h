#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace fovea {

struct EditReport {
  std::int64_t changed = 0;
  std::vector<ContentHash> missing;  // images that are not in the dataset
};

// Each of these replaces the index of the dataset in the folder, once, and nothing when nothing
// would change. They wait for another writer for at most `patience`. Throw DatasetBusy, IoError,
// and FormatError for a name that cannot name a class. Splits never change.

// Gives the images another class, which may be new.
EditReport relabel_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                          const std::string& class_name, std::chrono::milliseconds patience = {});

// Takes images out. Their pixels stay until more than half of all stored pixels are nobody's.
EditReport remove_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                         std::chrono::milliseconds patience = {});

// A class that has the new name already takes the images in. Reports how many have it now that
// had not; 0 when there is no class `from`.
EditReport rename_class(const std::filesystem::path& folder, const std::string& from,
                        const std::string& to, std::chrono::milliseconds patience = {});

// An image's other label, and how it came by it: a model that learned the image under the one
// before has yet to learn this one. `now` is DatasetWriter::stamp().
void give_label(ImageRecord& image, int label, Origin origin, std::int64_t now);

// The same on an index in memory.
int class_index(DatasetIndex& index, const std::string& name);  // added when it is new
void drop_empty_classes(DatasetIndex& index);

}  // namespace fovea
