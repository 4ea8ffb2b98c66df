#include "server/dataset/training_data.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "engine/data/data_dir.h"
#include "engine/data/dataset_writer.h"
#include "engine/data/image_source.h"
#include "engine/image/file_kind.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLockTimeout{2};  // for the dataset's lock

class UploadSource : public ImageSource {
 public:
  explicit UploadSource(const std::vector<NewImage>& images) : images_(images) {}

  bool next(SourceFile& file) override {
    if (at_ == images_.size()) return false;
    const NewImage& image = images_[at_++];
    file = {image.file, {}, {}, image.label, image.split};
    if (image.bytes.size() > kMaxFileBytes) {
      file.problem = "larger than " + std::to_string(kMaxFileBytes >> 20) + " MiB";
    }
    if (file.problem.empty()) file.bytes.assign(image.bytes.begin(), image.bytes.end());
    return true;
  }
  double fraction() const override { return 0; }

 private:
  const std::vector<NewImage>& images_;
  std::size_t at_ = 0;
};

// Gives all files of another source the same label.
class LabelledSource : public ImageSource {
 public:
  LabelledSource(ImageSource& source, std::string label)
      : source_(source), label_(std::move(label)) {}
  bool next(SourceFile& file) override {
    if (!source_.next(file)) return false;
    file.label = label_;
    return true;
  }
  double fraction() const override { return source_.fraction(); }

 private:
  ImageSource& source_;
  const std::string label_;
};

// Inode, size and modification time of the index file, which change when it is replaced; zeros if
// there is none.
std::array<std::int64_t, 4> stamp_of(const fs::path& folder) {
  struct stat info;
  if (::stat(index_path(folder).c_str(), &info) != 0) return {};
  return {static_cast<std::int64_t>(info.st_ino), info.st_size, info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec};
}

std::shared_ptr<const TrainingSnapshot> take_snapshot(const fs::path& folder) {
  const auto snapshot = std::make_shared<TrainingSnapshot>();
  if (Dataset::exists(folder)) {
    snapshot->dataset = Dataset::open(folder);
  } else {
    read_stored_index(folder);  // throws if there should be one
  }
  const std::vector<ImageRecord>& images = snapshot->dataset.images();
  snapshot->revision = snapshot->dataset.revision();
  for (const std::string& name : snapshot->dataset.classes()) {
    snapshot->classes.push_back({name, {}});
  }
  for (std::uint32_t i = 0; i < images.size(); ++i) {
    ++snapshot->classes[std::size_t(images[i].label)].splits[std::size_t(images[i].split)];
    snapshot->newest.push_back(i);
  }
  std::sort(snapshot->newest.begin(), snapshot->newest.end(), [&](auto a, auto b) {
    return images[a].added_at != images[b].added_at ? images[a].added_at > images[b].added_at
                                                    : a < b;
  });
  return snapshot;
}

std::unique_lock<std::timed_mutex> lock_or_busy(std::timed_mutex& mutex) {
  // A deadline instead of the duration, for which the library calls pthread_mutex_clocklock(). The
  // thread sanitizer of Clang 14 does not know that function.
  std::unique_lock lock(mutex, std::chrono::system_clock::now() + kLockTimeout);
  if (!lock) throw DatasetBusy("another upload or change is in progress");
  return lock;
}

}  // namespace

TrainingData::TrainingData(const fs::path& data_dir, const std::string& dataset, Files& originals,
                           int threads)
    : folder_(dataset_folder(data_dir, dataset)),
      originals_(originals),
      threads_(std::max(1, threads)) {}

AddReport TrainingData::add(const std::vector<NewImage>& images, Origin origin,
                            const UploadOptions& options, const ChangeNote& note) {
  UploadSource source(images);
  return add_from(source, origin, options, note);
}

AddReport TrainingData::add_archive(std::span<const std::uint8_t> bytes, const std::string& name,
                                    const std::optional<std::string>& label, Origin origin,
                                    const UploadOptions& options, const ChangeNote& note) {
  const auto archive = open_archive(bytes, name, {options.names_charset});
  if (!label) return add_from(*archive, origin, options, note);
  LabelledSource labelled(*archive, parse_class_name(*label));
  return add_from(labelled, origin, options, note);
}

AddReport TrainingData::add_from(ImageSource& source, Origin origin, const UploadOptions& upload,
                                 const ChangeNote& note) {
  ImportOptions options;
  options.note = note;
  options.partial = upload.partial;
  options.val_fraction = upload.val_fraction;
  options.threads = threads_;
  options.origin = origin;
  options.relabel_duplicates = origin == Origin::correction;
  options.lock_timeout = kLockTimeout;
  AddReport report;
  std::set<std::string> stored;  // originals that this call stored
  ImportEvents events;
  events.file = [&](const FileResult& verdict) { report.verdicts.push_back(verdict); };
  // Called before the index is written: an image in the index has its original on disk.
  events.originals = [&](std::span<const Original> originals) {
    std::vector<std::span<const std::uint8_t>> bytes;
    for (const Original& original : originals) {
      bytes.push_back(original.bytes);
      const std::string sha256 = to_hex(original.hash);
      if (!originals_.exists(sha256)) stored.insert(sha256);
    }
    originals_.store_all(bytes);
  };
  const auto remove_stored = [&] {
    for (const std::string& sha256 : stored) originals_.remove(sha256);
  };
  const auto lock = lock_or_busy(changing_);
  try {
    report.counts = import_source(source, folder_, options, events);
  } catch (...) {
    remove_stored();
    throw;
  }
  for (const FileResult& verdict : report.verdicts) {
    if (verdict.kind == FileResult::Kind::added) stored.erase(to_hex(verdict.hash));
  }
  remove_stored();  // of images that were not added
  std::stable_sort(report.verdicts.begin(), report.verdicts.end(),
                   [](const FileResult& a, const FileResult& b) { return a.number < b.number; });
  return report;
}

EditReport TrainingData::relabel(std::span<const ContentHash> hashes, const std::string& label,
                                 const ChangeNote& note) {
  const auto lock = lock_or_busy(changing_);
  return relabel_images(folder_, hashes, parse_class_name(label), kLockTimeout, note);
}

EditReport TrainingData::remove(std::span<const ContentHash> hashes, const ChangeNote& note) {
  const auto lock = lock_or_busy(changing_);
  EditReport report = remove_images(folder_, hashes, kLockTimeout, note);
  const std::set<ContentHash> missing(report.missing.begin(), report.missing.end());
  for (const ContentHash& hash : hashes) {
    if (missing.count(hash) == 0) originals_.remove(to_hex(hash));
  }
  return report;
}

EditReport TrainingData::rename(const std::string& from, const std::string& to,
                                const ChangeNote& note) {
  const auto lock = lock_or_busy(changing_);
  return rename_class(folder_, from, parse_class_name(to), kLockTimeout, note);
}

std::int64_t TrainingData::recover(const std::set<std::string>& used) {
  const auto lock = lock_or_busy(changing_);
  if (!fs::exists(folder_)) return 0;
  // Its lock keeps uploads of other processes from storing files that they have not named yet.
  const DatasetWriter settled(folder_, kLockTimeout);
  std::int64_t removed = 0;
  for (const std::string& sha256 : originals_.list()) {
    if (used.contains(sha256) || settled.index().find(*parse_hash(sha256))) continue;
    if (file_kind(originals_.head(sha256)) == FileKind::other) continue;  // not an upload
    originals_.remove(sha256);
    ++removed;
  }
  return removed;
}

std::vector<ChangeNote> TrainingData::finished_changes() const {
  return fovea::finished_changes(folder_);
}

std::shared_ptr<const TrainingSnapshot> TrainingData::snapshot() {
  const std::lock_guard lock(snapshot_mutex_);
  // Taken before reading: if the index is replaced meanwhile, the next call reads it again.
  const auto stamp = stamp_of(folder_);
  if (!snapshot_ || stamp != stamp_) {
    snapshot_ = take_snapshot(folder_);
    stamp_ = stamp;
  }
  return snapshot_;
}

std::optional<std::vector<std::uint8_t>> TrainingData::original(const ContentHash& hash) const {
  const std::string sha256 = to_hex(hash);
  if (!originals_.exists(sha256)) return std::nullopt;
  return originals_.read(sha256);
}

}  // namespace fovea::server
