#include "engine/data/import.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/shape.h"
#include "engine/data/cifar10.h"
#include "engine/data/dataset_edit.h"
#include "engine/data/dataset_writer.h"
#include "engine/data/layout.h"
#include "engine/data/split.h"
#include "engine/image/resize.h"

namespace fovea {
namespace {

// An image on its way from the source to the dataset.
struct Item {
  std::string path;
  std::int64_t number = 0;          // of its file in the source
  std::vector<std::uint8_t> bytes;  // the file; empty when `image` did not come from its own file
  std::optional<std::string> label;
  std::string problem;
  ContentHash hash{};
  Image image;
};

// Kept for each added image until its class and split are known.
struct Pending {
  std::int64_t number = 0;
  std::optional<std::string> label;
};

// Scaled down so that the shorter side is at most max_size.
Image scale_down(Image image, int max_size) {
  const int shorter = std::min(image.width, image.height);
  if (shorter <= max_size) return image;
  const auto scaled = [&](int side) {
    return static_cast<int>((2 * std::int64_t{side} * max_size + shorter) / (2 * shorter));
  };
  return resize(image, scaled(image.width), scaled(image.height));
}

void decode(Item& item, const ImportOptions& options) {
  if (!item.problem.empty()) return;
  try {
    if (!item.bytes.empty() || item.image.rgb.empty()) {
      Sha256 sha;
      sha.update(item.bytes);
      item.hash = sha.digest();
      item.image = decode_image(item.bytes, options.limits);
    }
    item.image = scale_down(std::move(item.image), options.max_size);
  } catch (const FormatError& error) {
    item.problem = error.what();
  } catch (const ShapeError& error) {
    item.problem = error.what();
  } catch (const std::bad_alloc&) {
    item.problem = "not enough memory to decode it";
  }
}

class Import {
 public:
  Import(ImageSource& source, const std::filesystem::path& folder, const ImportOptions& options,
         const ImportEvents& events)
      : options_(options),
        events_(events),
        source_(source),
        writer_(folder, options.lock_timeout),
        now_(options.added_at == 0 ? writer_.new_timestamp() : options.added_at) {}

  ImportReport run() {
    while (read_batch()) store_batch();
    assign_classes_and_commit();
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
        batch_.push_back({std::move(file.path),
                          report_.files,
                          std::move(file.bytes),
                          std::move(file.label),
                          std::move(file.problem),
                          {},
                          {}});
      }
      ++report_.files;
    }
    return !batch_.empty();
  }

  void add_records(const SourceFile& file) {
    try {
      for (Cifar10Record& record : read_cifar10_batch(file.path, file.bytes)) {
        batch_.push_back({std::move(record.path),
                          report_.files,
                          {},
                          file.label,
                          {},
                          record.hash,
                          std::move(record.image)});
      }
    } catch (const FormatError& error) {
      batch_.push_back({file.path, report_.files, {}, {}, error.what(), {}, {}});
    }
  }

  void store_batch() {
    parallel_for(int_size(batch_), options_.threads,
                 [&](int i, int) { decode(batch_[i], options_); });
    std::vector<Original> originals;
    for (const Item& item : batch_) {
      if (!item.problem.empty()) {
        reject(item.number, item.path, item.problem);
      } else if (item.label && !is_class_name(*item.label)) {
        reject(item.number, item.path, "its label cannot name a class");
      } else if (const ImageRecord* other = writer_.find(item.hash)) {
        handle_duplicate(item, *other);
      } else {
        writer_.add(item.hash, item.path, item.image);
        pending_.push_back({item.number, item.label});
        if (!item.bytes.empty()) originals.push_back({item.hash, item.bytes});
      }
    }
    if (events_.originals && !originals.empty()) events_.originals(originals);
    if (events_.progress) events_.progress(report_.files, source_.fraction());
  }

  // `other` is the same image: stored, or added by this import and without a class yet.
  void handle_duplicate(const Item& item, const ImageRecord& other) {
    FileResult result{FileResult::Kind::duplicate,
                      item.path,
                      "the same as " + other.name,
                      item.number,
                      item.hash,
                      {}};
    if (writer_.index().find(item.hash)) {
      result.label = writer_.index().classes[other.label];
      if (options_.relabel_duplicates && item.label && *item.label != result.label) {
        result.kind = FileResult::Kind::relabelled;
        result.reason = "was " + result.label;
        result.label = *item.label;
        relabel(item.hash, *item.label);
      }
    } else if (item.label) {
      result.label = pending_[&other - writer_.added().data()].label.value_or("");
    }
    ++(result.kind == FileResult::Kind::relabelled ? report_.relabelled : report_.duplicates);
    report(result);
  }

  void relabel(const ContentHash& hash, const std::string& class_name) {
    DatasetIndex& index = writer_.edit();
    const int label = find_or_add_class(index, class_name);
    for (ImageRecord& image : index.images) {
      if (image.hash != hash) continue;
      set_label(image, label, options_.origin, now_);
    }
  }

  // All paths are known now, so the class and split of each image can be determined.
  void assign_classes_and_commit() {
    std::vector<ImageRecord>& added = writer_.added();
    const std::vector<std::optional<Placement>> placements = find_placements(added);
    std::vector<SplitRequest> requests;
    std::vector<ImageRecord> placed;
    std::vector<Pending> pending;
    for (std::size_t i = 0; i < added.size(); ++i) {
      if (const std::string problem = problem_of(placements[i]); !problem.empty()) {
        reject(pending_[i].number, added[i].name, problem);
        continue;
      }
      requests.push_back({added[i].hash, placements[i]->class_name, placements[i]->split});
      placed.push_back(std::move(added[i]));
      pending.push_back(std::move(pending_[i]));
    }
    const std::vector<std::string> classes = all_classes(requests);
    const std::vector<Split> splits = choose_splits(requests);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      const auto label = std::find(classes.begin(), classes.end(), requests[i].class_name);
      placed[i].label = static_cast<int>(label - classes.begin());
      placed[i].split = splits[i];
      placed[i].added_at = now_;
      placed[i].origin = options_.origin;
    }
    added = placed;
    writer_.commit(classes);
    report_.added = static_cast<std::int64_t>(placed.size());
    for (std::size_t i = 0; i < placed.size(); ++i) {
      report({FileResult::Kind::added,
              placed[i].name,
              {},
              pending[i].number,
              placed[i].hash,
              requests[i].class_name});
    }
  }

  // By the label where the source names it, else by the layout of the remaining paths.
  std::vector<std::optional<Placement>> find_placements(
      const std::vector<ImageRecord>& added) const {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < added.size(); ++i) {
      if (!pending_[i].label) paths.push_back(added[i].name);
    }
    const auto by_path = read_layout(paths);
    std::vector<std::optional<Placement>> placements;
    std::size_t next = 0;
    for (std::size_t i = 0; i < added.size(); ++i) {
      placements.push_back(pending_[i].label ? Placement{*pending_[i].label, {}} : by_path[next++]);
    }
    return placements;
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

  static std::string problem_of(const std::optional<Placement>& placement) {
    if (!placement) return "its path is neither class/file nor train|val|test/class/file";
    if (!is_class_name(placement->class_name)) return "its folder's name cannot name a class";
    return {};
  }

  std::vector<std::string> all_classes(const std::vector<SplitRequest>& requests) const {
    std::vector<std::string> classes = writer_.index().classes;
    std::set<std::string> names;
    for (const SplitRequest& request : requests) names.insert(request.class_name);
    for (const std::string& name : classes) names.erase(name);
    classes.insert(classes.end(), names.begin(), names.end());
    return classes;
  }

  void reject(std::int64_t number, const std::string& file, const std::string& reason) {
    ++report_.rejected;
    report({FileResult::Kind::rejected, file, reason, number, {}, {}});
  }

  void report(const FileResult& result) const {
    if (events_.file) events_.file(result);
  }

  const ImportOptions& options_;
  const ImportEvents& events_;
  ImageSource& source_;
  DatasetWriter writer_;
  const std::int64_t now_;
  std::vector<Item> batch_;
  std::vector<Pending> pending_;  // one for each of writer_.added()
  bool is_export_ = false;        // of a dataset: its splits are complete
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
  }
  return "";
}

ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events) {
  const std::unique_ptr<ImageSource> opened = open_source(source);
  const ImportReport report = import_source(*opened, folder, options, events);
  if (report.files == 0) throw FormatError("the source holds no files");
  if (report.added == 0 && report.duplicates == 0 && report.relabelled == 0) {
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
