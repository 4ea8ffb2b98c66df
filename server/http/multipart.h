#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

struct Part {
  std::string name;
  std::optional<std::string> file_name;  // as sent, folders included; never used as a path
  std::string content_type;              // empty when absent
  std::string_view data;                 // points into the body
};

struct MultipartLimits {
  std::size_t max_parts = 1000;
  std::size_t max_part_head = 8192;  // bytes of one part's header lines
};

// The boundary of a "multipart/form-data; boundary=..." field (RFC 2046, 5.1.1: 1 to 70 characters
// of a fixed set). Throws FormatError.
std::string multipart_boundary(std::string_view content_type);

// Parts of a multipart/form-data body (RFC 7578), in order. Strict: no preamble, CR LF line ends,
// every part with a Content-Disposition that has a name, the closing boundary at the end. Quoted
// names may escape '"' and '\'; filename*=UTF-8''... wins over filename. Throws FormatError
// that names the part. Bytes from outside: any input is safe.
std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary,
                                  const MultipartLimits& limits = {});

}  // namespace fovea::server
