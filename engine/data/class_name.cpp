#include "engine/data/class_name.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/core/error.h"

namespace fovea {
namespace {

constexpr std::size_t kMaxInputBytes = 1000;  // before normalisation
constexpr std::size_t kMaxNameCharacters = 64;

constexpr int kNormalise = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE;

// Nothing if the text is not UTF-8.
std::optional<std::string> map_text(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(mapped, std::free);
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

// REQUIRES: valid UTF-8
std::u32string code_points(std::string_view text) {
  std::u32string points;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (length <= 0) break;
    points += static_cast<char32_t>(point);
    at += static_cast<std::size_t>(length);
  }
  return points;
}

std::string encode(const std::u32string& points) {
  std::string text;
  for (const char32_t point : points) {
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t length =
        utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  }
  return text;
}

bool is_white_space(char32_t point) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
  return (point >= '\t' && point <= '\r') || category == UTF8PROC_CATEGORY_ZS ||
         category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool is_control(char32_t point) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

void trim_white_space(std::u32string& points) {
  while (!points.empty() && is_white_space(points.back())) points.pop_back();
  const auto first = std::find_if_not(points.begin(), points.end(), is_white_space);
  points.erase(points.begin(), first);
}

// The Latin letter that a small Cyrillic or Greek letter, or its capital, looks like.
char32_t latin_letter(char32_t point) {
  static const std::map<char32_t, char32_t> letters = {
      {U'\u0430', U'a'}, {U'\u0432', U'b'}, {U'\u0441', U'c'}, {U'\u0501', U'd'}, {U'\u0435', U'e'},
      {U'\u04BB', U'h'}, {U'\u043D', U'h'}, {U'\u0456', U'i'}, {U'\u0458', U'j'}, {U'\u043A', U'k'},
      {U'\u04CF', U'l'}, {U'\u043C', U'm'}, {U'\u043E', U'o'}, {U'\u0440', U'p'}, {U'\u0455', U's'},
      {U'\u0442', U't'}, {U'\u0445', U'x'}, {U'\u0443', U'y'}, {U'\u03B1', U'a'}, {U'\u03B2', U'b'},
      {U'\u03B5', U'e'}, {U'\u03B7', U'h'}, {U'\u03B9', U'i'}, {U'\u03BA', U'k'}, {U'\u03BC', U'm'},
      {U'\u03BD', U'v'}, {U'\u03BF', U'o'}, {U'\u03C1', U'p'}, {U'\u03C4', U't'}, {U'\u03C5', U'y'},
      {U'\u03C7', U'x'}, {U'\u03B6', U'z'}};
  const auto found = letters.find(point);
  return found == letters.end() ? point : found->second;
}

// Equal for names that look alike.
std::u32string skeleton(const std::string& name) {
  const auto folded =
      map_text(name, kNormalise | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_LUMP);
  std::u32string result;
  for (const char32_t point : code_points(folded.value_or(name))) {
    const bool separator = point == ' ' || point == '_' || point == '-';
    if (separator && (result.empty() || result.back() == ' ')) continue;
    result += separator ? U' ' : latin_letter(point);
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  std::string shown(text.substr(0, 100));
  std::replace(shown.begin(), shown.end(), '\0', '?');  // what() ends at a NUL
  throw FormatError("the label \"" + shown + "\" " + why);
}

}  // namespace

std::string parse_class_name(std::string_view text) {
  if (text.size() > kMaxInputBytes) refuse(text, "has more than 64 characters");
  const auto mapped = map_text(text, kNormalise);
  if (!mapped) refuse(text, "contains control characters or is not valid UTF-8");
  std::u32string points = code_points(*mapped);
  trim_white_space(points);
  if (points.empty()) throw FormatError("the label is empty");
  if (std::any_of(points.begin(), points.end(), is_control)) {
    refuse(text, "contains control characters or is not valid UTF-8");
  }
  if (points.size() > kMaxNameCharacters) refuse(text, "has more than 64 characters");
  if (points.find_first_of(U"/\\") != std::u32string::npos) refuse(text, "contains a slash");
  if (points.front() == '.') refuse(text, "starts with a dot");
  std::string name = encode(points);
  if (name.size() > kMaxNameBytes) refuse(text, "has more than 200 bytes");
  return name;
}

std::size_t find_class(const std::vector<std::string>& classes, const std::string& name) {
  const auto same = std::find(classes.begin(), classes.end(), name);
  if (same != classes.end()) return static_cast<std::size_t>(same - classes.begin());
  const auto parsed = [](const std::string& text) {
    try {
      return parse_class_name(text);
    } catch (const FormatError&) {
      return text;  // of a list that an older version stored
    }
  };
  const std::string wanted = parsed(name);
  const auto equal = std::find_if(classes.begin(), classes.end(),
                                  [&](const std::string& each) { return parsed(each) == wanted; });
  return static_cast<std::size_t>(equal - classes.begin());
}

std::vector<std::pair<std::string, std::string>> find_look_alikes(
    const std::vector<std::string>& classes, const std::vector<std::string>& names) {
  const std::set<std::string> wanted(names.begin(), names.end());
  std::map<std::u32string, std::vector<std::string>> groups;
  for (const std::string& name : classes) groups[skeleton(name)].push_back(name);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [shape, group] : groups) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t j = i + 1; j < group.size(); ++j) {
        if (wanted.contains(group[i]) || wanted.contains(group[j])) {
          pairs.emplace_back(group[i], group[j]);
        }
      }
    }
  }
  return pairs;
}

}  // namespace fovea
