#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_lock.h"
#include "engine/data/import.h"
#include "server/store/files.h"

namespace fovea::server {

// A file that is to become a training image; the bytes are the caller's.
struct NewImage {
  std::string file;  // the name the client gave
  std::span<const std::uint8_t> bytes;
  std::string label;
};

struct AddReport {
  std::vector<FileResult> verdicts;  // one per file, in the order of the files
  ImportReport counts;
};

struct ClassCount {
  std::string name;
  std::array<std::int64_t, 3> splits{};  // train, val, test
  std::int64_t total() const { return splits[0] + splits[1] + splits[2]; }
};

// The training data at one moment. What it refers to stays readable however it changes later.
struct TrainingSnapshot {
  Dataset dataset;
  std::string revision;  // of a dataset without an image too
  std::vector<ClassCount> classes;
  std::vector<std::uint32_t> newest;  // indices of images, the latest added first, then by hash
  const std::string& label(const ImageRecord& image) const {
    return dataset.classes()[std::size_t(image.label)];
  }
};

// A name as a class gets it: 1 to 64 printable characters, without blanks around it; no '/' or
// '\\', no dot in front (the export makes it a folder). Throws FormatError that says which rule.
std::string class_name(std::string_view given);

// The images that the next training uses, with their labels: the dataset of the engine, which
// `fovea data import` fills too, and beside it the original bytes of what was uploaded. Any thread;
// changes wait for each other. While another process changes the dataset, changing throws
// DatasetBusy; a disk that fails is IoError. What a call did is on the disk when it returns.
class TrainingData {
 public:
  TrainingData(const std::filesystem::path& data_dir, const std::string& dataset, Files& originals,
               int threads);

  // Adds those that are new images, in one step; a file that is not usable costs nothing but its
  // verdict. With Origin::correction an image that is there under another label gets this one.
  AddReport add(const std::vector<NewImage>& images, Origin origin);
  // The files of an archive of class folders (engine/data/import.h), or all under one label. Throws
  // FormatError when it cannot be read to its end; nothing is added then.
  AddReport add_archive(std::span<const std::uint8_t> bytes, const std::string& name,
                        const std::optional<std::string>& label, Origin origin);

  EditReport relabel(std::span<const ContentHash> hashes, const std::string& label);
  EditReport remove(std::span<const ContentHash> hashes);
  // Throws FormatError when `to` cannot name a class.
  EditReport rename(const std::string& from, const std::string& to);

  // As it is now, also when another process changed it.
  std::shared_ptr<const TrainingSnapshot> snapshot();
  std::string revision() { return snapshot()->revision; }

  bool has_original(const ContentHash& hash) const { return originals_.exists(to_hex(hash)); }
  // The file as it was uploaded; nothing when it was not kept.
  std::optional<std::vector<std::uint8_t>> original(const ContentHash& hash) const;

 private:
  AddReport add_from(ImageSource& source, Origin origin);

  const std::filesystem::path folder_;
  Files& originals_;
  const int threads_;
  std::mutex changing_;
  std::mutex reading_;  // the two below
  std::shared_ptr<const TrainingSnapshot> snapshot_;
  std::array<std::int64_t, 4> stamp_{};  // of the index file that snapshot_ was made from
};

}  // namespace fovea::server
