#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "engine/core/parallel.h"
#include "engine/data/dataset.h"
#include "engine/data/source.h"
#include "engine/image/decode.h"

namespace fovea {

struct ImportOptions {
  int max_size = 128;                 // shorter sides above this are reduced to it, pixels
  double val_fraction = 0.1;          // of train, when the source has train and no val (split.h)
  int threads = available_threads();  // for decoding; the result does not depend on it
  DecodeLimits limits;
  Origin origin = Origin::import;
  std::int64_t added_at = 0;  // seconds since 1970; 0 = now
  // A file with a label of its own (source.h) whose image is stored under another one: gives the
  // stored image the new label, instead of leaving it and reporting a duplicate.
  bool relabel_duplicates = false;
  std::chrono::milliseconds patience{10'000};  // with another writer of the same dataset
};

// What became of one file. The text names the file as the source does.
struct Verdict {
  enum class Kind { added, duplicate, relabelled, rejected };
  Kind kind = Kind::added;
  std::string file;
  std::string reason;     // duplicate: of which file; relabelled: from what; rejected: why
  std::int64_t number{};  // of the file in the source, from 0
  ContentHash hash{};     // unless rejected
  std::string label{};    // the class it has in the dataset now, unless rejected
};

struct ImportReport {
  std::int64_t files = 0;
  std::int64_t added = 0;
  std::int64_t duplicates = 0;
  std::int64_t relabelled = 0;
  std::int64_t rejected = 0;
};

// The bytes of a file whose image is new.
struct Original {
  ContentHash hash{};
  std::span<const std::uint8_t> bytes;
};

struct ImportEvents {
  // Once per image: rejected and duplicate ones while reading, added ones when they are stored.
  std::function<void(const Verdict&)> verdict;
  // While reading: files read and the fraction of the source, 0..1.
  std::function<void(std::int64_t files, double fraction)> progress;
  // While reading, before anything is stored, a batch at a time: for those who keep them. Some may
  // yet be rejected for their place in the source.
  std::function<void(std::span<const Original>)> originals;
};

// Reads labelled images out of a folder or an archive (source.h, layout.h, cifar10.h) and adds
// those that are new to the dataset in `folder`. A file that is no usable image costs nothing but
// its verdict. Class indices: stored classes keep theirs, new ones follow sorted by name. Throws
// IoError or FormatError when the source or the dataset as a whole cannot be used, also when no
// image at all could be; the dataset is then what it was. Events are called on the calling
// thread; what they throw ends the import.
ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events = {});

// The same for a source that is open already, without complaint when it holds nothing of use.
ImportReport import_source(Source& source, const std::filesystem::path& folder,
                           const ImportOptions& options, const ImportEvents& events = {});

}  // namespace fovea
