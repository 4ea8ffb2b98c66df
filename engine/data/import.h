#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/core/parallel.h"
#include "engine/data/dataset.h"
#include "engine/image/decode.h"

namespace fovea {

struct ImportOptions {
  int max_size = 128;                 // shorter sides above this are reduced to it, pixels
  double val_fraction = 0.1;          // of train, when the source has train and no val (split.h)
  int threads = available_threads();  // for decoding; the result does not depend on it
  DecodeLimits limits;
};

// What became of one file. The text names the file as the source does.
struct Verdict {
  enum class Kind { added, duplicate, rejected };
  Kind kind = Kind::added;
  std::string file;
  std::string reason;  // duplicate: of which file; rejected: why; added: empty
};

struct ImportReport {
  std::int64_t added = 0;
  std::int64_t duplicates = 0;
  std::int64_t rejected = 0;
};

struct ImportEvents {
  // Once per picture: rejected and duplicate ones while reading, added ones when they are stored.
  std::function<void(const Verdict&)> verdict;
  // While reading: files read and the fraction of the source, 0..1.
  std::function<void(std::int64_t files, double fraction)> progress;
};

// Reads labelled pictures out of a folder or an archive (source.h, layout.h, cifar10.h) and adds
// those that are new to the dataset in `folder`. A file that is no usable picture costs nothing but
// its verdict. Class indices: stored classes keep theirs, new ones follow sorted by name. Throws
// IoError or FormatError when the source or the dataset as a whole cannot be used, also when no
// picture at all could be; the dataset is then what it was. Events are called on the calling
// thread; what they throw ends the import.
ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events = {});

}  // namespace fovea
