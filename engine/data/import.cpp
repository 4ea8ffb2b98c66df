#include "engine/data/import.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/shape.h"
#include "engine/data/cifar10.h"
#include "engine/data/class_name.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_writer.h"
#include "engine/data/import_entries.h"
#include "engine/data/import_item.h"
#include "engine/data/split.h"

namespace fovea {
namespace {

class Import {
 public:
  Import(ImageSource& source, const std::filesystem::path& folder, const ImportOptions& options,
         const ImportEvents& events)
      : options_(options),
        events_(events),
        source_(source),
        writer_(folder, options.lock_timeout, options.note),
        now_(options.added_at == 0 ? writer_.new_timestamp() : options.added_at) {}

  ImportReport run() {
    while (read_batch()) store_batch();
    place_entries(entries_, is_export_);
    decide();
    report_.refused = !options_.partial && 2 * report_.rejected > report_.files;
    if (!report_.refused) commit();
    for (FileResult& result : results_) {
      if (report_.refused && result.kind == FileResult::Kind::added) {
        result.kind = FileResult::Kind::usable;
      }
    }
    report_.look_alikes = find_look_alikes(all_classes(), labels_);
    std::stable_sort(results_.begin(), results_.end(),
                     [](const FileResult& a, const FileResult& b) { return a.number < b.number; });
    for (const FileResult& result : results_) {
      if (events_.file) events_.file(result);
    }
    return report_;
  }

 private:
  // Reads files until there is enough work for all threads; false when nothing is left.
  bool read_batch() {
    constexpr std::size_t kBatchFiles = 512, kBatchBytes = 48 << 20;
    batch_.clear();
    std::size_t bytes = 0;
    SourceFile file;
    while (batch_.size() < kBatchFiles && bytes < kBatchBytes && source_.next(file)) {
      bytes += file.bytes.size();
      const bool by_path = !file.label;  // the path decides about class and split
      if (by_path && is_cifar10_note(file.path)) continue;
      if (by_path && is_export_manifest(file.path)) {
        is_export_ = true;
        continue;
      }
      if (by_path && file.problem.empty() && is_cifar10_batch(file.path)) {
        add_records(file);
      } else {
        add_file(file);
      }
      ++report_.files;
    }
    return !batch_.empty();
  }

  void add_file(SourceFile& file) {
    ImportItem item;
    item.entry = {std::move(file.path), report_.files,           !file.label, {},
                  file.split,           std::move(file.problem), {}};
    item.bytes = std::move(file.bytes);
    try {
      if (file.label) item.entry.label = parse_class_name(*file.label);
    } catch (const FormatError& error) {
      item.entry.label = std::move(file.label);
      if (item.entry.problem.empty()) item.entry.problem = error.what();
    }
    batch_.push_back(std::move(item));
  }

  void add_records(const SourceFile& file) {
    try {
      for (Cifar10Record& record : read_cifar10_batch(file.path, file.bytes)) {
        ImportItem item;
        item.entry = {std::move(record.path),
                      report_.files,
                      true,
                      std::move(record.label),
                      record.split,
                      {},
                      record.hash};
        item.image = std::move(record.image);
        batch_.push_back(std::move(item));
      }
    } catch (const FormatError& error) {
      ImportItem item;
      item.entry = {file.path, report_.files, true, {}, {}, error.what(), {}};
      batch_.push_back(std::move(item));
    }
  }

  void store_batch() {
    parallel_for(int_size(batch_), options_.threads,
                 [&](int i, int) { decode_item(batch_[i], options_); });
    std::vector<Original> originals;
    for (ImportItem& item : batch_) {
      if (item.entry.problem.empty() && !writer_.find(item.entry.hash)) {
        writer_.add(item.entry.hash, item.entry.path, item.image);
        if (!item.bytes.empty()) originals.push_back({item.entry.hash, item.bytes});
      }
      entries_.push_back(std::move(item.entry));
    }
    if (events_.originals && !originals.empty()) events_.originals(originals);
    if (events_.progress) events_.progress(report_.files, source_.fraction());
  }

  // All paths are known now. Determines the result of each file, without changing the dataset.
  void decide() {
    for (const ImportEntry& entry : entries_) {
      if (entry.problem.empty()) continue;
      ++report_.rejected;
      add_result(FileResult::Kind::rejected, entry, entry.problem, {});
    }
    for (const std::vector<std::size_t>& group : group_same_images(entries_)) {
      const ImportEntry& first = entries_[group.front()];
      auto at = group.begin();
      std::string name, label;  // of the image that is kept
      if (const ImageRecord* stored = writer_.index().find(first.hash)) {
        name = stored->name;
        label = writer_.index().classes[stored->label];
        if (options_.relabel_duplicates && !is_same_class(label, *first.label)) {
          labels_.push_back(*first.label);
          relabels_.push_back(group.front());
          ++report_.relabelled;
          add_result(FileResult::Kind::relabelled, first, "was " + label, *first.label);
          label = *first.label;
          ++at;
        }
      } else {
        name = first.path;
        label = stored_name(*first.label);
        labels_.push_back(label);
        added_.push_back(group.front());
        ++report_.added;
        add_result(FileResult::Kind::added, first, {}, label);
        ++at;
      }
      for (; at != group.end(); ++at) add_duplicate(entries_[*at], name, label);
    }
  }

  void add_duplicate(const ImportEntry& entry, const std::string& name, const std::string& label) {
    ++report_.duplicates;
    std::string reason = "the same as " + name;
    const bool conflict = !is_same_class(label, *entry.label);
    if (conflict) {
      ++report_.conflicts;
      reason += " in class " + label + ", but here in class " + *entry.label;
    }
    add_result(FileResult::Kind::duplicate, entry, reason, label);
    results_.back().conflict = conflict;
  }

  void add_result(FileResult::Kind kind, const ImportEntry& entry, const std::string& reason,
                  const std::string& label) {
    const bool rejected = kind == FileResult::Kind::rejected;
    results_.push_back({kind, entry.path, reason, entry.number,
                        rejected ? ContentHash{} : entry.hash, label, false});
  }

  void commit() {
    for (const std::size_t i : relabels_) relabel(entries_[i].hash, *entries_[i].label);
    std::vector<SplitRequest> requests;
    std::vector<ImageRecord> placed;
    for (const std::size_t i : added_) {
      const ImportEntry& entry = entries_[i];
      requests.push_back({entry.hash, stored_name(*entry.label), entry.split});
      placed.push_back(*writer_.find(entry.hash));
      placed.back().name = entry.path;
    }
    const std::vector<std::string> classes = all_classes();
    const std::vector<Split> splits = choose_splits(requests);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      placed[i].label = static_cast<int>(find_class(classes, requests[i].class_name));
      placed[i].split = splits[i];
      placed[i].added_at = now_;
      placed[i].origin = options_.origin;
    }
    writer_.added() = std::move(placed);
    writer_.commit(classes);
  }

  void relabel(const ContentHash& hash, const std::string& class_name) {
    DatasetIndex& index = writer_.edit();
    const int label = find_or_add_class(index, class_name);
    for (ImageRecord& image : index.images) {
      if (image.hash != hash) continue;
      set_label(image, label, options_.origin, now_);
    }
  }

  // Images that were removed earlier return to their split, unless the source names one.
  std::vector<Split> choose_splits(const std::vector<SplitRequest>& requests) const {
    const DatasetIndex& index = writer_.index();
    const double val_fraction = is_export_ ? 0 : options_.val_fraction;
    std::vector<Split> splits = assign_splits(requests, index.classes, val_fraction);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto removed = index.removed.find(requests[i].hash);
      if (removed != index.removed.end() && !requests[i].split) splits[i] = removed->second;
    }
    return splits;
  }

  // The name of an existing class in the form in which the dataset has it; another name unchanged.
  const std::string& stored_name(const std::string& name) {
    const auto [found, is_new] = stored_names_.try_emplace(name, name);
    if (!is_new) return found->second;
    const std::vector<std::string>& classes = writer_.index().classes;
    const std::size_t at = find_class(classes, name);
    if (at < classes.size()) found->second = classes[at];
    return found->second;
  }

  bool is_same_class(const std::string& stored, const std::string& name) {
    return stored == name || stored == stored_name(name);
  }

  // The classes of the dataset, then those of labels_ that it does not have, sorted.
  std::vector<std::string> all_classes() const {
    std::vector<std::string> classes = writer_.index().classes;
    std::set<std::string> names(labels_.begin(), labels_.end());
    for (const std::string& name : classes) names.erase(name);
    classes.insert(classes.end(), names.begin(), names.end());
    return classes;
  }

  const ImportOptions& options_;
  const ImportEvents& events_;
  ImageSource& source_;
  DatasetWriter writer_;
  const std::int64_t now_;
  std::vector<ImportItem> batch_;
  std::vector<ImportEntry> entries_;   // of the whole source
  std::vector<std::size_t> added_;     // entries that become images
  std::vector<std::size_t> relabels_;  // entries that change the label of a stored image
  std::vector<std::string> labels_;    // of those two
  std::map<std::string, std::string> stored_names_;  // results of stored_name()
  std::vector<FileResult> results_;
  bool is_export_ = false;  // of a dataset: its splits are complete
  ImportReport report_;
};

}  // namespace

const char* kind_name(FileResult::Kind kind) {
  switch (kind) {
    case FileResult::Kind::added:
      return "added";
    case FileResult::Kind::duplicate:
      return "duplicate";
    case FileResult::Kind::relabelled:
      return "relabelled";
    case FileResult::Kind::rejected:
      return "rejected";
    case FileResult::Kind::usable:
      return "usable";
  }
  return "";
}

ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events) {
  const std::unique_ptr<ImageSource> opened = open_source(source, {options.names_charset});
  ImportReport report = import_source(*opened, folder, options, events);
  if (report.files == 0) throw FormatError("the source holds no files");
  if (report.rejected == report.files) {
    throw FormatError("none of the " + std::to_string(report.files) + " files could be used");
  }
  return report;
}

ImportReport import_source(ImageSource& source, const std::filesystem::path& folder,
                           const ImportOptions& options, const ImportEvents& events) {
  if (options.max_size < 1) {
    throw ConfigError("max_size " + std::to_string(options.max_size) + " is below 1");
  }
  return Import(source, folder, options, events).run();
}

}  // namespace fovea
