#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/dataset_index.h"

// How an interrupted change of a dataset is distinguished from damage. A change writes the file
// `change` before it touches a pixel file and removes it when the new index is in place, so pixels
// that the index does not name belong to an interrupted change if that file refers to this index,
// and to a lost or newer index otherwise. All functions REQUIRE the dataset's lock, except
// finished_changes(), forget_change() and read_stored_index().
namespace fovea {

// The files of a dataset contradict each other. The text names the folder and the remedy.
class DatasetDamaged : public FormatError {
 public:
  DatasetDamaged(const std::filesystem::path& folder, const std::string& problem);
};

// What the caller has to do after a change, for example to write an audit entry. It is kept until
// forget_change(), also across a crash.
struct ChangeNote {
  std::string id;    // unique: 1 to 64 characters of a-z and 0-9; empty if the change has no note
  std::string text;  // not read by the engine
};

// An index with the digest at the end of its file as 64 hex digits, empty without a dataset.
struct StoredIndex {
  DatasetIndex index;
  std::string digest;
};
// Throws DatasetDamaged if the index cannot be read, or is missing beside pixel files.
StoredIndex read_stored_index(const std::filesystem::path& folder);

std::filesystem::path index_copy_path(const std::filesystem::path& folder);

// Pixels that the index does not name.
struct UnnamedPixels {
  std::vector<std::filesystem::path> obsolete;  // files that compact() has copied
  std::vector<std::filesystem::path> files;     // with numbers that the index has not used yet
  std::vector<Segment> tails;  // pixel files longer than the index says, and its length of them
  bool empty() const { return files.empty() && tails.empty(); }
};
UnnamedPixels unnamed_pixels(const std::filesystem::path& folder, const DatasetIndex& index);

void begin_change(const std::filesystem::path& folder, const std::string& index_digest,
                  const ChangeNote& note);
// After the change: keeps its note, if it has one, for finished_changes().
void end_change(const std::filesystem::path& folder);
// After an attempt that changed nothing, once its pixels are removed.
void cancel_change(const std::filesystem::path& folder);
// Ends or undoes the change that a crash interrupted. Throws DatasetDamaged, having removed
// nothing, if there are unnamed pixels that no interrupted change explains, or too few pixels.
void settle_change(const std::filesystem::path& folder, const StoredIndex& stored);

// Throws DatasetDamaged like settle_change() and changes nothing. Needs no lock, but reports a
// change in progress as damage if that begins or ends meanwhile.
void check_dataset(const std::filesystem::path& folder);

// The notes of changes that took effect and are not forgotten yet.
std::vector<ChangeNote> finished_changes(const std::filesystem::path& folder);
void forget_change(const std::filesystem::path& folder, const std::string& id);

}  // namespace fovea
