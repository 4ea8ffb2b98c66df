#include "engine/data/layout.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

namespace fovea {
namespace {

using Parts = std::vector<std::string>;  // the folders of a path, then its file name

std::string lower_ascii(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// 1900 to 2099.
bool is_year(std::string_view text) {
  return text.size() == 4 && all_digits(text) && (text.starts_with("19") || text.starts_with("20"));
}

// Two digits from 01 to `highest`.
bool is_numbered(std::string_view text, int highest) {
  if (text.size() != 2 || !all_digits(text)) return false;
  const int value = 10 * (text[0] - '0') + (text[1] - '0');
  return value >= 1 && value <= highest;
}

// 2024-01, 2024-01-31, 20240131; the separator may be '-', '_' or '.'.
bool is_date(std::string_view text) {
  if (text.size() < 7 || !is_year(text.substr(0, 4))) return false;
  if (text.size() == 8 && all_digits(text)) {
    return is_numbered(text.substr(4, 2), 12) && is_numbered(text.substr(6), 31);
  }
  const char separator = text[4];
  if (std::string_view("-_.").find(separator) == std::string_view::npos) return false;
  if (!is_numbered(text.substr(5, 2), 12)) return false;
  if (text.size() == 7) return true;
  return text.size() == 10 && text[7] == separator && is_numbered(text.substr(8), 31);
}

// "train", "Training", "test_set", "validation-images", ...
std::optional<Split> split_named(std::string_view folder) {
  static const std::set<std::string> fillers = {"set",  "dataset", "data",  "images",
                                                "imgs", "split",   "folder"};
  const std::string name = lower_ascii(std::string(folder));
  const std::size_t end = std::min(name.find_first_of("-_ "), name.size());
  if (end < name.size() && !fillers.contains(name.substr(end + 1))) return {};
  const std::string word = name.substr(0, end);
  if (word == "train" || word == "training") return Split::train;
  if (word == "val" || word == "valid" || word == "validation") return Split::val;
  if (word == "test" || word == "testing" || word == "eval" || word == "evaluation") {
    return Split::test;
  }
  return {};
}

// Splits a path. Folders that are named by a date are left out, unless `keep_dates`.
Parts split_path(const std::string& path, bool keep_dates) {
  Parts parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    const bool is_file = end == path.size();
    const bool skipped = part.empty() || part == "." || (!keep_dates && is_date(part));
    if (is_file || !skipped) parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

bool has_image_suffix(const std::string& file) {
  static const std::set<std::string> suffixes = {
      ".jpg",  ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".webp",
      ".avif", ".heic", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".ico", ".jxl"};
  const std::size_t dot = file.rfind('.');
  return dot != std::string::npos && suffixes.contains(lower_ascii(file.substr(dot)));
}

// A folder of the tree that the paths of images form.
struct Folder {
  std::map<std::string, std::size_t> folders;  // name -> its place in the tree
  bool has_file = false;                       // directly in it
};

using Tree = std::vector<Folder>;  // the first is the root

Tree build_tree(const std::vector<Parts>& files) {
  const bool any_suffix = std::any_of(
      files.begin(), files.end(), [](const Parts& file) { return has_image_suffix(file.back()); });
  Tree tree(1);
  for (const Parts& file : files) {
    if (any_suffix && !has_image_suffix(file.back())) continue;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < file.size(); ++i) {
      const auto [found, is_new] = tree[at].folders.emplace(file[i], tree.size());
      at = found->second;
      if (is_new) tree.emplace_back();
    }
    tree[at].has_file = true;
  }
  return tree;
}

bool all_named(const Folder& folder, bool (*is_wanted)(std::string_view)) {
  return !folder.folders.empty() &&
         std::all_of(folder.folders.begin(), folder.folders.end(),
                     [&](const auto& each) { return is_wanted(each.first); });
}

bool is_split(std::string_view name) {
  return split_named(name).has_value();
}

enum class Form { classes, splits_of_classes, classes_of_splits };

// The structure of a tree: the folder that holds the classes or splits, and which of them.
struct Structure {
  Parts root;
  Form form = Form::classes;
};

Structure find_structure(const Tree& tree) {
  Structure found;
  // Skips the enclosing folders: those that are alone in their folder and contain folders.
  const Folder* root = &tree[0];
  while (root->folders.size() == 1) {
    const auto& [name, place] = *root->folders.begin();
    const Folder& only = tree[place];
    if (is_split(name) || only.folders.empty() || all_named(only, is_year)) break;
    found.root.push_back(name);
    root = &only;
  }
  const auto& names = root->folders;
  const bool has_split_with_folders = std::any_of(
      names.begin(), names.end(),
      [&](const auto& each) { return is_split(each.first) && !tree[each.second].folders.empty(); });
  const bool all_have_splits = std::all_of(names.begin(), names.end(), [&](const auto& each) {
    return !tree[each.second].has_file && all_named(tree[each.second], is_split);
  });
  if (has_split_with_folders || all_named(*root, is_split)) {
    found.form = Form::splits_of_classes;
  } else if (all_have_splits) {
    found.form = Form::classes_of_splits;
  }
  return found;
}

Placement no_class(const std::string& why) {
  return {{}, {}, "no class: " + why};
}

Placement place(const Parts& file, const Structure& structure) {
  std::size_t at = structure.root.size();  // of the next folder; the file name is the last part
  const bool inside = file.size() >= at + 2 &&
                      std::equal(structure.root.begin(), structure.root.end(), file.begin());
  if (!inside) {
    return no_class("the file is in no class folder");
  }
  const std::size_t folders = file.size() - 1;
  if (structure.form == Form::splits_of_classes) {
    const std::string& name = file[at];
    const auto split = split_named(name);
    if (!split) return no_class("the file is outside of the train, val and test folders");
    ++at;
    // An archive of the folder test_set often holds test_set/test_set/class/file.
    if (at + 1 < folders && file[at] == name) ++at;
    if (at >= folders) return no_class("the file is directly in the folder " + name);
    return {file[at], split, {}};
  }
  if (structure.form == Form::classes_of_splits) {
    return {file[at], at + 1 < folders ? split_named(file[at + 1]) : std::nullopt, {}};
  }
  return {file[at], {}, {}};
}

}  // namespace

std::vector<Placement> read_layout(const std::vector<std::string>& paths, bool exported) {
  std::vector<Parts> files;
  for (const std::string& path : paths) files.push_back(split_path(path, exported));
  const Structure structure = find_structure(build_tree(files));
  std::vector<Placement> placements;
  for (const Parts& file : files) placements.push_back(place(file, structure));
  return placements;
}

}  // namespace fovea
