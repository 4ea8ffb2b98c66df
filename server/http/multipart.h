#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

struct Part {
  std::string name;
  std::optional<std::string> file_name;  // as sent, with folders; never used as a path
  std::string content_type;              // empty if absent
  std::string_view data;                 // points into the body
};

struct MultipartLimits {
  std::size_t max_parts = 1000;
  std::size_t max_part_head = 8192;  // bytes of one part's header lines
};

// The boundary in a Content-Type "multipart/form-data; boundary=..." (RFC 2046, 5.1.1: 1 to 70
// characters of a fixed set, with or without quotes). Throws FormatError.
std::string multipart_boundary(std::string_view content_type);

// The parts of a multipart/form-data body (RFC 2046 and 7578), in order. A preamble and an epilogue
// are ignored, blanks may follow a boundary, and header lines may be folded. Lines end in CR LF,
// each part needs a Content-Disposition with a name, and the closing boundary must be there. Quoted
// values may escape '"' and '\'; unquoted ones end at ';'. filename*=UTF-8''... overrides filename.
// Throws FormatError with the number of the part. Safe for any input.
std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary,
                                  const MultipartLimits& limits = {});

}  // namespace fovea::server
