#include "engine/data/layout.h"

#include <algorithm>
#include <cstdint>

namespace fovea {
namespace {

using Parts = std::vector<std::string>;

Parts split_path(const std::string& path) {
  Parts parts;
  std::size_t at = 0;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

std::optional<Split> split_named(const std::string& name) {
  if (name == "train") return Split::train;
  if (name == "val" || name == "valid" || name == "validation") return Split::val;
  if (name == "test") return Split::test;
  return {};
}

// The number of leading folders to skip because all paths share them. At least class/file must
// remain, and the name of a split is never skipped.
std::size_t count_wrapping_folders(const std::vector<Parts>& paths) {
  if (paths.empty()) return 0;
  for (std::size_t depth = 0;; ++depth) {
    for (const Parts& parts : paths) {
      if (parts.size() < depth + 3 || parts[depth] != paths[0][depth]) return depth;
    }
    if (split_named(paths[0][depth])) return depth;
  }
}

}  // namespace

std::vector<std::optional<Placement>> read_layout(const std::vector<std::string>& paths) {
  std::vector<Parts> all;
  for (const std::string& path : paths) all.push_back(split_path(path));
  const std::size_t first = count_wrapping_folders(all);
  std::vector<std::optional<Placement>> placements;
  for (const Parts& parts : all) {
    const std::size_t depth = parts.size() - std::min(first, parts.size());
    std::optional<Placement> placement;
    if (depth == 2) placement = Placement{parts[first], {}};
    if (depth == 3 && split_named(parts[first])) {
      placement = Placement{parts[first + 1], split_named(parts[first])};
    }
    placements.push_back(placement);
  }
  return placements;
}

bool is_class_name(const std::string& name) {
  if (name.empty() || name.size() > 200) return false;
  for (std::size_t at = 0; at < name.size();) {
    // One UTF-8 sequence: its length by the lead byte, then the continuation bytes (RFC 3629).
    const auto lead = static_cast<unsigned char>(name[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0x20 || lead == 0x7F || (lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return false;
    if (length > name.size() - at) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7F >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(name[at + i]);
      if (next < 0x80 || next > 0xBF) return false;
      code = code << 6 | (next & 0x3F);
    }
    // Overlong encodings, surrogates and control characters (C1) are invalid.
    constexpr std::uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};  // by length
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    const bool control = code >= 0x80 && code < 0xA0;
    if (code < kLowest[length] || code > 0x10FFFF || surrogate || control) return false;
    at += length;
  }
  return true;
}

}  // namespace fovea
