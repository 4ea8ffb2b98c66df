#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"

namespace fovea {

struct EditReport {
  std::int64_t changed = 0;
  std::vector<ContentHash> missing;  // images that are not in the dataset
};

// Each function replaces the index of the dataset in the folder once, or not at all when nothing
// changes. They wait at most `lock_timeout` for another writer. Throw DatasetBusy, IoError,
// and FormatError for an invalid class name. Splits never change.

// Moves the images to a class, which may be new.
EditReport relabel_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                          const std::string& class_name,
                          std::chrono::milliseconds lock_timeout = {}, const ChangeNote& note = {});

// Removes images. Their pixels stay on disk until more than half of all stored pixels are
// unreferenced.
EditReport remove_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                         std::chrono::milliseconds lock_timeout = {}, const ChangeNote& note = {});

// Renames a class; when a class `to` exists already, the two are merged. `changed` counts the
// images of class `from`; 0 when there is no such class.
EditReport rename_class(const std::filesystem::path& folder, const std::string& from,
                        const std::string& to, std::chrono::milliseconds lock_timeout = {},
                        const ChangeNote& note = {});

// Edits of an index in memory:
// Changes the label of an image. `now` is DatasetWriter::new_timestamp(); it marks the image as new
// for the next retraining, because the active model was trained with the old label.
void set_label(ImageRecord& image, int label, Origin origin, std::int64_t now);
int find_or_add_class(DatasetIndex& index, const std::string& name);
void remove_empty_classes(DatasetIndex& index);

}  // namespace fovea
