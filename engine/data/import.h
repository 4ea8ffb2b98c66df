#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"
#include "engine/data/image_source.h"
#include "engine/image/decode.h"
#include "engine/image/resize.h"

namespace fovea {

struct ImportOptions {
  int max_size = kMaxStoredSide;      // images with a longer shorter side are scaled down, pixels
  double val_fraction = 0.1;          // of train, when the source has train but no val (split.h)
  int threads = available_threads();  // for decoding; the result does not depend on it
  DecodeLimits limits;
  Origin origin = Origin::import;
  std::int64_t added_at = 0;  // seconds since 1970; 0 = now
  // When an image is stored already under another label, and the source names its label: relabel it
  // instead of reporting a duplicate.
  bool relabel_duplicates = false;
  // Whether to import the usable files even if more than half of the files are rejected.
  bool partial = false;
  std::string names_charset;  // of the source (SourceOptions); used by import_dataset() alone
  std::chrono::milliseconds lock_timeout{10'000};
  ChangeNote note;
};

// The outcome for one file of the source.
struct FileResult {
  // usable: it would have been added, but the import was refused.
  enum class Kind { added, duplicate, relabelled, rejected, usable };
  Kind kind = Kind::added;
  std::string file;       // its path in the source
  std::string reason;     // duplicate: of which file; relabelled: the old class; rejected: why
  std::int64_t number{};  // of the file in the source, from 0
  ContentHash hash{};     // unless rejected
  std::string label{};    // its class in the dataset now, unless rejected
  bool conflict = false;  // duplicate: the source gives it another class than `label`
};

// "added", "duplicate", "relabelled", "rejected" or "usable", as in JSON.
const char* kind_name(FileResult::Kind kind);

struct ImportReport {
  std::int64_t files = 0;
  std::int64_t added = 0;  // or usable, if refused
  std::int64_t duplicates = 0;
  std::int64_t conflicts = 0;  // those of the duplicates that have another class in the source
  std::int64_t relabelled = 0;
  std::int64_t rejected = 0;
  // More than half of the files were rejected and ImportOptions::partial was not set, so the
  // dataset is unchanged.
  bool refused = false;
  // Classes that readers may confuse, at least one of which this import uses (class_name.h).
  std::vector<std::pair<std::string, std::string>> look_alikes;
};

// A file whose image is new to the dataset.
struct Original {
  ContentHash hash{};
  std::span<const std::uint8_t> bytes;
};

struct ImportEvents {
  // Once per file, in the order of the source, after the dataset was changed.
  std::function<void(const FileResult&)> file;
  // While reading: the number of files read, and the fraction of the source, 0..1.
  std::function<void(std::int64_t files, double fraction)> progress;
  // While reading, a batch at a time, before anything is stored: for callers that keep the original
  // files. Some of them may still be rejected because of their path.
  std::function<void(std::span<const Original>)> originals;
};

// Imports labelled images from a folder or an archive (image_source.h, layout.h, cifar10.h) into
// the dataset in `folder`, skipping those that it has already. A file that is not a usable image is
// rejected and does not affect the others, unless most files are (ImportReport::refused). Stored
// classes keep their indices; new ones follow, sorted by name. Throws IoError or FormatError,
// leaving the dataset unchanged, when the source or the dataset cannot be read or no image could be
// used. The events are called on the calling thread; an exception from them aborts the import.
ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events = {});

// The same for an open source. A source without usable images is not an error. Throws ConfigError
// when max_size < 1.
ImportReport import_source(ImageSource& source, const std::filesystem::path& folder,
                           const ImportOptions& options, const ImportEvents& events = {});

}  // namespace fovea
