#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Base64 with the standard alphabet (RFC 4648, section 4).
std::string encode_base64(std::span<const std::uint8_t> bytes);
// Padding may be missing. nullopt when another character occurs.
std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text);

}  // namespace fovea
