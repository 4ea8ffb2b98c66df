#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fovea {

// What a file is, by its content. The name of a file says nothing about it.
enum class FileKind { jpeg, png, bmp, gif, webp, heic, avif, other };
FileKind file_kind(std::span<const std::uint8_t> bytes);

// The sentence that states what a file that is not decoded is and what to do: "the file is
// empty", "this is an HTML page, not an image", "this is a HEIC image, which is not supported; save
// it as JPEG or PNG". All front ends show it. It contains no bytes of the file except as
// hexadecimal numbers.
std::string describe_unsupported(std::span<const std::uint8_t> bytes);

}  // namespace fovea
