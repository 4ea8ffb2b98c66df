#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/data/class_name.h"
#include "engine/data/dataset.h"
#include "engine/data/dataset_change.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_lock.h"
#include "engine/data/import.h"
#include "server/store/files.h"

namespace fovea::server {

// An image file to be added; the caller owns the bytes.
struct NewImage {
  std::string file;  // name from the client
  std::span<const std::uint8_t> bytes;
  std::string label;
  std::optional<Split> split{};  // nullopt: assigned by the rules of docs/dataset-format.md
};

struct UploadOptions {
  bool partial = false;       // as in ImportOptions
  double val_fraction = 0.1;  // of train images, if the upload has splits but no val images
  std::string names_charset;  // of an archive's names that are not UTF-8
};

struct AddReport {
  std::vector<FileResult> verdicts;  // one per file, in order
  ImportReport counts;
};

struct ClassCount {
  std::string name;
  std::array<std::int64_t, 3> splits{};  // train, val, test
  std::int64_t total() const { return splits[0] + splits[1] + splits[2]; }
};

// The state of the training data at one time. Its images stay readable after later changes.
struct TrainingSnapshot {
  Dataset dataset;
  std::string revision;  // also if there are no images
  std::vector<ClassCount> classes;
  std::vector<std::uint32_t> newest;  // indices of images, the last added first, then by hash
  const std::string& label(const ImageRecord& image) const {
    return dataset.classes()[std::size_t(image.label)];
  }
};

// The labelled images that the next retraining uses: a dataset of the engine, which `fovea data
// import` can fill too, and the original files of uploaded images. Any thread; changes are
// serialised. Changes throw DatasetBusy when another one takes longer than 2 s, DatasetDamaged, and
// IoError. A change with a note keeps it in finished_changes() until forget_change(), also across a
// crash. Changes are on disk when a call returns.
class TrainingData {
 public:
  TrainingData(const std::filesystem::path& data_dir, const std::string& dataset, Files& originals,
               int threads);

  // Adds the new images in one transaction; an unusable file gets a verdict and does not affect the
  // others, unless counts.refused. With Origin::correction, an image that already has another label
  // is relabelled.
  AddReport add(const std::vector<NewImage>& images, Origin origin,
                const UploadOptions& options = {}, const ChangeNote& note = {});
  // Adds the files of an archive, labelled by its class folders (engine/data/import.h) or all by
  // `label`. Throws FormatError, having added nothing, if the archive cannot be read to its end,
  // and ConfigError for an unknown charset.
  AddReport add_archive(std::span<const std::uint8_t> bytes, const std::string& name,
                        const std::optional<std::string>& label, Origin origin,
                        const UploadOptions& options = {}, const ChangeNote& note = {});

  EditReport relabel(std::span<const ContentHash> hashes, const std::string& label,
                     const ChangeNote& note = {});
  EditReport remove(std::span<const ContentHash> hashes, const ChangeNote& note = {});
  // Throws FormatError if `to` is not a valid class name.
  EditReport rename(const std::string& from, const std::string& to, const ChangeNote& note = {});

  // Ends or undoes the change that a crash interrupted, then removes the uploaded files that the
  // dataset does not name, except those in `used`. Returns how many. Throws DatasetDamaged, having
  // removed nothing.
  std::int64_t recover(const std::set<std::string>& used);
  // The notes of changes whose audit entry may be missing, and the end of one.
  std::vector<ChangeNote> finished_changes() const;
  void forget_change(const std::string& id) { fovea::forget_change(folder_, id); }

  // The current state, including changes by other processes.
  std::shared_ptr<const TrainingSnapshot> snapshot();
  std::string revision() { return snapshot()->revision; }

  bool has_original(const ContentHash& hash) const { return originals_.exists(to_hex(hash)); }
  // The uploaded file; nullopt if it is not stored.
  std::optional<std::vector<std::uint8_t>> original(const ContentHash& hash) const;

 private:
  AddReport add_from(ImageSource& source, Origin origin, const UploadOptions& upload,
                     const ChangeNote& note);

  const std::filesystem::path folder_;
  Files& originals_;
  const int threads_;
  std::timed_mutex changing_;  // held for the whole of a change
  std::mutex snapshot_mutex_;  // protects the next two
  std::shared_ptr<const TrainingSnapshot> snapshot_;
  std::array<std::int64_t, 4> stamp_{};  // identifies the index file that snapshot_ was read from
};

}  // namespace fovea::server
