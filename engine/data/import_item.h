#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/import.h"
#include "engine/data/import_entries.h"
#include "engine/image/decode.h"

namespace fovea {

// An image on its way from the source to the dataset.
struct ImportItem {
  ImportEntry entry;
  std::vector<std::uint8_t> bytes;  // the file; empty when `image` did not come from its own file
  Image image;
};

// Decodes and reduces the image and computes the hash of the file. An item that cannot be decoded
// gets a problem. Safe to call for different items at the same time.
void decode_item(ImportItem& item, const ImportOptions& options);

}  // namespace fovea
