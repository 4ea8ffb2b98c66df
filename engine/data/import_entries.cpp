#include "engine/data/import_entries.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/core/error.h"
#include "engine/data/class_name.h"
#include "engine/data/layout.h"

namespace fovea {
namespace {

void place_entry(ImportEntry& entry, const Placement& placement) {
  if (!entry.problem.empty()) return;
  if (!placement.problem.empty()) {
    entry.problem = placement.problem;
    return;
  }
  try {
    entry.label = parse_class_name(placement.class_name);
    entry.split = placement.split;
  } catch (const FormatError& error) {
    entry.problem = std::string("its folder cannot name a class: ") + error.what();
  }
}

// Test images come first, so that the test split of the source stays complete.
int split_rank(const std::optional<Split>& split) {
  return split ? 2 - static_cast<int>(*split) : 3;
}

bool comes_before(const ImportEntry& a, const ImportEntry& b) {
  if (!a.by_path || !b.by_path) return a.number < b.number;
  return std::tuple(*a.label, split_rank(a.split), a.path, a.number) <
         std::tuple(*b.label, split_rank(b.split), b.path, b.number);
}

}  // namespace

void place_entries(std::vector<ImportEntry>& entries, bool exported) {
  std::vector<std::string> paths;
  for (const ImportEntry& entry : entries) {
    if (entry.by_path && !entry.label) paths.push_back(entry.path);
  }
  const std::vector<Placement> placements = read_layout(paths, exported);
  auto placement = placements.begin();
  for (ImportEntry& entry : entries) {
    if (entry.by_path && !entry.label) place_entry(entry, *placement++);
  }
}

std::vector<std::vector<std::size_t>> group_same_images(const std::vector<ImportEntry>& entries) {
  std::map<ContentHash, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].problem.empty()) groups[entries[i].hash].push_back(i);
  }
  std::vector<std::vector<std::size_t>> result;
  for (auto& [hash, group] : groups) {
    std::sort(group.begin(), group.end(),
              [&](std::size_t a, std::size_t b) { return comes_before(entries[a], entries[b]); });
    result.push_back(std::move(group));
  }
  return result;
}

}  // namespace fovea
