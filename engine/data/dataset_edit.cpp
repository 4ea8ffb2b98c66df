#include "engine/data/dataset_edit.h"

#include <algorithm>
#include <set>

#include "engine/data/class_name.h"
#include "engine/data/dataset_writer.h"

namespace fovea {
namespace {

// The hashes that are in the index; the others are added to report.missing.
std::set<ContentHash> find_stored(const DatasetIndex& index, std::span<const ContentHash> hashes,
                                  EditReport& report) {
  std::set<ContentHash> found;
  for (const ContentHash& hash : hashes) {
    if (index.find(hash)) {
      found.insert(hash);
    } else {
      report.missing.push_back(hash);
    }
  }
  return found;
}

}  // namespace

void set_label(ImageRecord& image, int label, Origin origin, std::int64_t now) {
  image.label = label;
  image.origin = origin;
  image.added_at = now;
}

int find_or_add_class(DatasetIndex& index, const std::string& name) {
  const std::size_t label = find_class(index.classes, name);
  if (label == index.classes.size()) index.classes.push_back(name);
  return static_cast<int>(label);
}

void remove_empty_classes(DatasetIndex& index) {
  std::vector<bool> used(index.classes.size());
  for (const ImageRecord& image : index.images) used[image.label] = true;
  std::vector<int> new_label(index.classes.size());
  std::vector<std::string> classes;
  for (std::size_t i = 0; i < used.size(); ++i) {
    new_label[i] = static_cast<int>(classes.size());
    if (used[i]) classes.push_back(index.classes[i]);
  }
  for (ImageRecord& image : index.images) image.label = new_label[image.label];
  index.classes = std::move(classes);
}

EditReport relabel_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                          const std::string& class_name, std::chrono::milliseconds lock_timeout,
                          const ChangeNote& note) {
  const std::string name = parse_class_name(class_name);
  EditReport report;
  DatasetWriter writer(folder, lock_timeout, note);
  const std::set<ContentHash> selected = find_stored(writer.index(), hashes, report);
  if (selected.empty()) return report;
  DatasetIndex& index = writer.edit();
  const int label = find_or_add_class(index, name);
  const std::int64_t now = writer.new_timestamp();
  for (ImageRecord& image : index.images) {
    if (image.label == label || selected.count(image.hash) == 0) continue;
    set_label(image, label, Origin::correction, now);
    ++report.changed;
  }
  if (report.changed > 0) writer.commit(index.classes);
  return report;
}

EditReport remove_images(const std::filesystem::path& folder, std::span<const ContentHash> hashes,
                         std::chrono::milliseconds lock_timeout, const ChangeNote& note) {
  EditReport report;
  DatasetWriter writer(folder, lock_timeout, note);
  const std::set<ContentHash> selected = find_stored(writer.index(), hashes, report);
  if (selected.empty()) return report;
  DatasetIndex& index = writer.edit();
  std::vector<ImageRecord> kept;
  kept.reserve(index.images.size() - selected.size());
  for (ImageRecord& image : index.images) {
    if (selected.count(image.hash) > 0) {
      index.removed[image.hash] = image.split;
    } else {
      kept.push_back(std::move(image));
    }
  }
  index.images = std::move(kept);
  report.changed = static_cast<std::int64_t>(selected.size());
  writer.commit(index.classes);
  return report;
}

EditReport rename_class(const std::filesystem::path& folder, const std::string& from,
                        const std::string& to, std::chrono::milliseconds lock_timeout,
                        const ChangeNote& note) {
  const std::string name = parse_class_name(to);
  EditReport report;
  DatasetWriter writer(folder, lock_timeout, note);
  const std::vector<std::string>& classes = writer.index().classes;
  const std::size_t old = find_class(classes, from);
  if (old == classes.size() || classes[old] == name) return report;
  const auto old_label = static_cast<int>(old);
  const std::size_t existing = find_class(classes, name);
  const bool merge = existing != classes.size() && existing != old;
  DatasetIndex& index = writer.edit();
  if (!merge) index.classes[old] = name;
  const int label = find_or_add_class(index, name);
  const std::int64_t now = writer.new_timestamp();
  for (ImageRecord& image : index.images) {
    if (image.label != old_label) continue;
    if (merge) set_label(image, label, Origin::correction, now);
    ++report.changed;
  }
  writer.commit(index.classes);
  return report;
}

}  // namespace fovea
