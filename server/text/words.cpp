#include "server/text/words.h"

#include <algorithm>

#include <fmt/core.h>

namespace fovea::server {

std::string counted(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > (n < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string counted(std::int64_t n, const std::string& noun) {
  return counted(n) + " " + noun + (n == 1 ? "" : "s");
}

std::string percent(double fraction) {
  if (fraction > 0 && fraction < 0.0005) return "less than 0.1 %";
  if (fraction < 1 && fraction > 0.9995) return "more than 99.9 %";
  std::string text = fixed(100 * fraction, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " %";
}

std::string fixed(double value, int digits) {
  return fmt::format("{:.{}f}", value, digits);
}

std::string milliseconds(double ms) {
  return fixed(ms, ms < 1 ? 2 : ms < 10 ? 1 : 0) + " ms";
}

std::string capitalized(std::string name) {
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

std::string named(const std::string& name) {
  const bool letters = std::any_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
  });
  const bool punctuation = name.find_first_of(".,;:!?()\"%") != std::string::npos;
  return letters && !punctuation ? name : '"' + name + '"';
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += i + 1 == list.size() ? " and " : ", ";
    text += list[i];
  }
  return text;
}

std::string some_of(std::vector<std::string> list, std::size_t most) {
  if (list.size() > most) {
    const std::size_t left = list.size() - most + 1;
    list.resize(most - 1);
    list.push_back(std::to_string(left) + " more");
  }
  return joined(list);
}

}  // namespace fovea::server
