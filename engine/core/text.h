#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fovea {

// Of the name of a class or a model, everywhere.
inline constexpr std::size_t kMaxNameBytes = 200;

// "a, b, c".
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

// A fraction for display: 0.123 -> "12.3 %".
std::string format_percent(double fraction);

// Two lower-case hex digits per byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

// The shortest decimal that reads back as this float, as a double: 0.1f gives 0.1, not
// 0.10000000149011612.
double shortest_decimal(float value);

// The shortest text that reads back as the same number. Only for code that is not part of the
// WebAssembly engine, where std::to_chars for floating point would cost 100 kB.
template <class Number>
std::string exact_text(Number value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

// Parses the whole text as a number. Nothing when it is not a number or out of range.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace fovea
