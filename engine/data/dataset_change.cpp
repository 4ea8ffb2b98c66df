#include "engine/data/dataset_change.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "engine/core/file.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "fovea dataset change 1\n";
constexpr std::size_t kDigestBytes = 32;

fs::path change_path(const fs::path& folder) {
  return folder / "change";
}
fs::path finished_path(const fs::path& folder, const std::string& id) {
  return folder / ("done-" + id);
}

bool is_id(std::string_view text) {
  const auto is_valid = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_valid);
}

// The contents of the file `change`: the header, the digest, the id and the text, a line each.
struct Change {
  std::string index_digest;  // of the index that it began with; empty: there was none
  ChangeNote note;
};

std::optional<Change> read_change(const fs::path& path) {
  std::vector<std::uint8_t> bytes;
  try {
    bytes = read_file(path, 1 << 20);
  } catch (const IoError&) {
    if (!fs::exists(path)) return std::nullopt;  // the usual case, or removed meanwhile
    throw;
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kHeader)) throw FormatError(path.string() + " is damaged");
  text.remove_prefix(kHeader.size());
  const auto line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return std::string(first);
  };
  Change change;
  change.index_digest = line();
  change.note.id = line();
  change.note.text = std::string(text);
  if (!change.note.id.empty() && !is_id(change.note.id)) {
    throw FormatError(path.string() + " is damaged");
  }
  return change;
}

// The number of a pixel file; nullopt for another file.
std::optional<std::uint32_t> segment_number(const fs::path& path) {
  constexpr std::string_view kPrefix = "pixels-";
  const std::string name = path.filename().string();
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::uint32_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// Before the first index of a dataset is in place, only its file `change` explains the pixels.
bool is_being_created(const fs::path& folder) {
  const auto change = read_change(change_path(folder));
  return change && change->index_digest.empty();
}

void require_all_pixels(const fs::path& folder, const DatasetIndex& index) {
  for (const Segment& segment : index.segments) {
    const fs::path path = segment_path(folder, segment.file);
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (error) throw DatasetDamaged(folder, path.filename().string() + " does not exist");
    if (size < segment.bytes) {
      throw DatasetDamaged(folder, path.filename().string() + " has " + std::to_string(size) +
                                       " bytes; the index refers to " +
                                       std::to_string(segment.bytes));
    }
  }
}

void remove_all(const std::vector<fs::path>& paths) {
  std::error_code ignored;
  for (const fs::path& path : paths) fs::remove(path, ignored);
}

// What settle_change() has to do.
struct Unsettled {
  std::optional<Change> change;
  bool undo = false;  // the change did not take effect
  UnnamedPixels unnamed;
};

Unsettled find_unsettled(const fs::path& folder, const StoredIndex& stored) {
  require_all_pixels(folder, stored.index);
  Unsettled found;
  found.change = read_change(change_path(folder));
  found.undo = found.change && found.change->index_digest == stored.digest;
  found.unnamed = unnamed_pixels(folder, stored.index);
  if (!found.undo && !found.unnamed.empty()) {
    const fs::path path = found.unnamed.files.empty()
                              ? segment_path(folder, found.unnamed.tails.front().file)
                              : found.unnamed.files.front();
    throw DatasetDamaged(folder, "its index does not name all images in " +
                                     path.filename().string() + ", so it is an older one");
  }
  return found;
}

// Left by a crash in write_file_atomically().
void remove_temporary_files(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with('.')) paths.push_back(entry.path());
  }
  remove_all(paths);
}

}  // namespace

DatasetDamaged::DatasetDamaged(const fs::path& folder, const std::string& problem)
    : FormatError("the dataset in " + folder.string() + " is damaged: " + problem +
                  "; nothing was changed. Repair it with: fovea data repair " +
                  folder.filename().string()) {}

fs::path index_copy_path(const fs::path& folder) {
  return folder / "index.copy";
}

StoredIndex read_stored_index(const fs::path& folder) {
  if (!Dataset::exists(folder)) {
    std::error_code error;
    bool has_pixels = fs::exists(index_copy_path(folder), error);
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      has_pixels = has_pixels || segment_number(entry.path());
    }
    if (!has_pixels || is_being_created(folder)) return {};
    // A change may have put the first index in place meanwhile.
    if (!Dataset::exists(folder)) throw DatasetDamaged(folder, "its index is missing");
  }
  const auto bytes = read_file(index_path(folder));
  try {
    StoredIndex stored{read_index(bytes), {}};
    ContentHash digest{};
    std::copy(bytes.end() - kDigestBytes, bytes.end(), digest.begin());
    stored.digest = to_hex(digest);
    return stored;
  } catch (const UnknownIndexVersion&) {
    throw;
  } catch (const FormatError& error) {
    throw DatasetDamaged(folder, std::string("its index cannot be read: ") + error.what());
  }
}

UnnamedPixels unnamed_pixels(const fs::path& folder, const DatasetIndex& index) {
  UnnamedPixels unnamed;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto number = segment_number(entry.path());
    if (!number) continue;
    const auto named = std::find_if(index.segments.begin(), index.segments.end(),
                                    [&](const Segment& s) { return s.file == *number; });
    if (named == index.segments.end()) {
      (*number < index.next_file ? unnamed.obsolete : unnamed.files).push_back(entry.path());
    } else if (entry.file_size() > named->bytes) {
      unnamed.tails.push_back(*named);
    }
  }
  return unnamed;
}

void begin_change(const fs::path& folder, const std::string& index_digest, const ChangeNote& note) {
  write_file_atomically(change_path(folder),
                        std::string(kHeader) + index_digest + "\n" + note.id + "\n" + note.text);
}

void end_change(const fs::path& folder) {
  const auto change = read_change(change_path(folder));
  if (!change) return;
  if (change->note.id.empty()) return cancel_change(folder);
  fs::rename(change_path(folder), finished_path(folder, change->note.id));
}

void cancel_change(const fs::path& folder) {
  std::error_code ignored;  // settle_change() removes it
  fs::remove(change_path(folder), ignored);
}

void check_dataset(const fs::path& folder) {
  find_unsettled(folder, read_stored_index(folder));
}

void settle_change(const fs::path& folder, const StoredIndex& stored) {
  const auto [change, undo, unnamed] = find_unsettled(folder, stored);
  remove_all(unnamed.obsolete);
  remove_all(unnamed.files);
  for (const Segment& tail : unnamed.tails) {
    fs::resize_file(segment_path(folder, tail.file), tail.bytes);
  }
  remove_temporary_files(folder);
  if (undo) {
    cancel_change(folder);
  } else if (change) {
    end_change(folder);
  }
}

std::vector<ChangeNote> finished_changes(const fs::path& folder) {
  std::vector<ChangeNote> notes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with("done-")) continue;
    if (auto change = read_change(entry.path())) notes.push_back(std::move(change->note));
  }
  return notes;
}

void forget_change(const fs::path& folder, const std::string& id) {
  std::error_code ignored;
  if (is_id(id)) fs::remove(finished_path(folder, id), ignored);
}

}  // namespace fovea
