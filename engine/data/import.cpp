#include "engine/data/import.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/data/cifar10.h"
#include "engine/data/dataset_writer.h"
#include "engine/data/layout.h"
#include "engine/data/source.h"
#include "engine/data/split.h"
#include "engine/image/resize.h"

namespace fovea {
namespace {

// A picture on its way from the source to the dataset.
struct Item {
  std::string path;
  std::vector<std::uint8_t> bytes;  // the file; empty when `image` was there from the start
  ContentHash hash{};
  Image image;
  std::string problem;
};

Image reduced(Image image, int max_size) {
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
      item.bytes = {};
    }
    item.image = reduced(std::move(item.image), options.max_size);
  } catch (const FormatError& error) {
    item.problem = error.what();
  } catch (const ShapeError& error) {
    item.problem = error.what();
  } catch (const std::bad_alloc&) {
    item.problem = "there is not enough memory to decode it";
  }
}

class Import {
 public:
  Import(const std::filesystem::path& source, const std::filesystem::path& folder,
         const ImportOptions& options, const ImportEvents& events)
      : options_(options), events_(events), source_(open_source(source)), writer_(folder) {}

  ImportReport run() {
    while (read_batch()) store_batch();
    if (files_ == 0) throw FormatError("the source holds no files");
    place();
    return report_;
  }

 private:
  // Takes files until there is work for all threads; false when nothing is left.
  bool read_batch() {
    constexpr std::size_t kBatchFiles = 512, kBatchBytes = 48 << 20;
    batch_.clear();
    std::size_t bytes = 0;
    SourceFile file;
    while (batch_.size() < kBatchFiles && bytes < kBatchBytes && source_->next(file)) {
      bytes += file.bytes.size();
      if (is_cifar10_note(file.path)) continue;
      ++files_;
      if (file.problem.empty() && is_cifar10_batch(file.path)) {
        add_records(file);
      } else {
        batch_.push_back({std::move(file.path), std::move(file.bytes), {}, {}, file.problem});
      }
    }
    return !batch_.empty();
  }

  void add_records(const SourceFile& file) {
    try {
      for (Cifar10Record& record : read_cifar10_batch(file.path, file.bytes)) {
        batch_.push_back({std::move(record.path), {}, record.hash, std::move(record.image), {}});
      }
    } catch (const FormatError& error) {
      batch_.push_back({file.path, {}, {}, {}, error.what()});
    }
  }

  void store_batch() {
    parallel_for(static_cast<int>(batch_.size()), options_.threads,
                 [&](int i, int) { decode(batch_[std::size_t(i)], options_); });
    for (const Item& item : batch_) {
      if (!item.problem.empty()) {
        reject(item.path, item.problem);
      } else if (const std::string* other = writer_.find(item.hash)) {
        ++report_.duplicates;
        tell({Verdict::Kind::duplicate, item.path, "the same as " + *other});
      } else {
        writer_.add(item.hash, item.path, item.image);
      }
    }
    if (events_.progress) events_.progress(files_, source_->fraction());
  }

  // Now that all paths are known: which class and split each picture belongs to.
  void place() {
    std::vector<Picture>& added = writer_.added();
    std::vector<std::string> paths;
    for (const Picture& picture : added) paths.push_back(picture.name);
    const auto places = read_layout(paths);
    std::vector<SplitRequest> requests;
    std::vector<Picture> placed;
    for (std::size_t i = 0; i < added.size(); ++i) {
      if (const std::string problem = problem_of(places[i]); !problem.empty()) {
        reject(added[i].name, problem);
        continue;
      }
      requests.push_back({added[i].hash, places[i]->class_name, places[i]->split});
      placed.push_back(std::move(added[i]));
    }
    if (placed.empty() && report_.duplicates == 0) {
      throw FormatError("none of " + std::to_string(files_) + " files could be used");
    }
    const std::vector<std::string> classes = all_classes(requests);
    const std::vector<std::string>& known = writer_.stored().classes;
    const std::vector<Split> splits = assign_splits(requests, known, options_.val_fraction);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      const auto label = std::find(classes.begin(), classes.end(), requests[i].class_name);
      placed[i].label = static_cast<int>(label - classes.begin());
      placed[i].split = splits[i];
    }
    added = std::move(placed);
    writer_.commit(classes);
    report_.added = static_cast<std::int64_t>(added.size());
    for (const Picture& picture : added) tell({Verdict::Kind::added, picture.name, {}});
  }

  static std::string problem_of(const std::optional<Place>& place) {
    if (!place) return "its path is neither class/file nor train|val|test/class/file";
    if (!is_class_name(place->class_name)) return "its folder's name cannot name a class";
    return {};
  }

  std::vector<std::string> all_classes(const std::vector<SplitRequest>& requests) const {
    std::vector<std::string> classes = writer_.stored().classes;
    std::set<std::string> names;
    for (const SplitRequest& request : requests) names.insert(request.class_name);
    for (const std::string& name : classes) names.erase(name);
    classes.insert(classes.end(), names.begin(), names.end());
    return classes;
  }

  void reject(const std::string& file, const std::string& reason) {
    ++report_.rejected;
    tell({Verdict::Kind::rejected, file, reason});
  }

  void tell(const Verdict& verdict) const {
    if (events_.verdict) events_.verdict(verdict);
  }

  const ImportOptions& options_;
  const ImportEvents& events_;
  std::unique_ptr<Source> source_;
  DatasetWriter writer_;
  std::vector<Item> batch_;
  ImportReport report_;
  std::int64_t files_ = 0;
};

}  // namespace

ImportReport import_dataset(const std::filesystem::path& source,
                            const std::filesystem::path& folder, const ImportOptions& options,
                            const ImportEvents& events) {
  if (options.max_size < 1) {
    throw ShapeError("max_size " + std::to_string(options.max_size) + " is below 1");
  }
  return Import(source, folder, options, events).run();
}

}  // namespace fovea
