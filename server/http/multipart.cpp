#include "server/http/multipart.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "server/http/message.h"
#include "server/http/target.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

[[noreturn]] void fail(std::size_t part, std::string_view what) {
  throw FormatError(fmt::format("multipart body, part {}: {}", part, what));
}

bool is_token_char(char c) {  // RFC 9110, 5.6.2
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// A field value with parameters. Beast's param_list does not fit: it removes every backslash, and
// it ends at malformed parameters instead of reporting them.
struct Parameters {
  std::string_view kind;  // "form-data", "multipart/form-data"
  Fields values;
};

// Removes the quoted string at the start of the text and returns its value. Only \" and \\ are
// escapes, because browsers send Windows paths with single backslashes.
std::string take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i];
  }
  throw FormatError("a quoted value has no closing quote");
}

// Removes the unquoted value at the start of the text and returns it. RFC 2045 demands a token, but
// clients send boundaries with '/' and '=', and file names with spaces and letters that are not
// ASCII. So a value ends at the next ';'.
std::string_view take_unquoted(std::string_view& text) {
  const std::size_t stop = std::min(text.find(';'), text.size());
  const std::string_view value = trim(text.substr(0, stop));
  text.remove_prefix(stop);
  return value;
}

// kind *( ";" name "=" (unquoted / quoted-string) )
Parameters parse_parameters(std::string_view text) {
  constexpr std::size_t kMaxParameters = 16;  // also bounds the search for repeated ones
  Parameters result;
  const std::size_t end = std::min(text.find(';'), text.size());
  result.kind = trim(text.substr(0, end));
  text.remove_prefix(end);
  while (!(text = trim(text)).empty()) {
    if (text.front() != ';') throw FormatError("';' expected between parameters");
    text = trim(text.substr(1));
    if (text.empty()) break;
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = trim(text.substr(0, equals));
    if (equals == text.size() || !is_token(name)) throw FormatError("a parameter is malformed");
    if (result.values.size() == kMaxParameters) {
      throw FormatError(fmt::format("there are more than {} parameters", kMaxParameters));
    }
    if (find_field(result.values, name)) {
      throw FormatError(fmt::format("the parameter {} occurs twice", name));
    }
    text = trim(text.substr(equals + 1));
    std::string value;
    if (!text.empty() && text.front() == '"') {
      value = take_quoted(text);
    } else {
      value = take_unquoted(text);
      if (value.find('"') != std::string::npos) {
        throw FormatError("a parameter's value is malformed");
      }
    }
    result.values.emplace_back(name, std::move(value));
  }
  return result;
}

std::string latin1_to_utf8(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      result += c;
    } else {
      result += {static_cast<char>(0xC0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3F))};
    }
  }
  return result;
}

// filename*=UTF-8''na%C3%AFve.png (RFC 8187)
std::string decode_extended(std::string_view value) {
  const std::size_t charset = value.find('\'');
  const std::size_t language =
      charset == std::string_view::npos ? charset : value.find('\'', charset + 1);
  if (language == std::string_view::npos) throw FormatError("filename* is not UTF-8''...");
  const std::string_view name = value.substr(0, charset);
  std::string text = percent_decode(value.substr(language + 1), false, "filename*");
  if (iequals(name, "UTF-8")) return text;
  if (iequals(name, "ISO-8859-1")) return latin1_to_utf8(text);
  throw FormatError("filename* is neither UTF-8''... nor ISO-8859-1''...");
}

void read_disposition(std::string_view value, Part& part) {
  const Parameters parameters = parse_parameters(value);
  if (!iequals(parameters.kind, "form-data")) {
    throw FormatError("Content-Disposition is not form-data");
  }
  const auto name = find_field(parameters.values, "name");
  if (!name) throw FormatError("Content-Disposition has no name");
  part.name = *name;
  if (const auto plain = find_field(parameters.values, "filename")) part.file_name = *plain;
  if (const auto extended = find_field(parameters.values, "filename*")) {
    part.file_name = decode_extended(*extended);
  }
}

// Removes the first header line and returns it. A line that begins with a blank continues the one
// before it (RFC 2045 refers to RFC 822).
std::string take_header_line(std::string_view& head) {
  std::string line;
  do {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    line += head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
  } while (!head.empty() && (head.front() == ' ' || head.front() == '\t'));
  return line;
}

// Reads the header lines of a part, without the empty line that ends them.
void read_part_head(std::string_view head, Part& part) {
  bool disposed = false;
  while (!head.empty()) {
    const std::string unfolded = take_header_line(head);
    const std::string_view line = unfolded;
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    if (colon == line.size() || !is_token(name)) throw FormatError("a header line is malformed");
    const std::string_view value = trim(line.substr(colon + 1));
    const bool control = std::any_of(value.begin(), value.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (control) throw FormatError("a header line contains a control character");
    if (iequals(name, "Content-Disposition")) {
      if (disposed) throw FormatError("Content-Disposition occurs twice");
      disposed = true;
      read_disposition(value, part);
    } else if (iequals(name, "Content-Type")) {
      part.content_type = value;
    } else if (iequals(name, "Content-Transfer-Encoding") && !iequals(value, "binary") &&
               !iequals(value, "8bit") && !iequals(value, "7bit")) {
      throw FormatError(fmt::format("Content-Transfer-Encoding {} is not supported", value));
    }
  }
  if (!disposed) throw FormatError("no Content-Disposition");
}

// A line of a body that is "--" + boundary, or "--" + boundary + "--".
struct Delimiter {
  std::size_t begin = 0;  // of the CR LF before the line, which belongs to it
  std::size_t end = 0;    // after the line
  bool closing = false;
};

// The first delimiter line that begins at `from` or later, where `from` is the start of the body or
// of a CR LF. The line may end in blanks (RFC 2046, 5.1.1). A longer line is not a delimiter.
std::optional<Delimiter> find_delimiter(std::string_view body, std::size_t from,
                                        std::string_view marker) {
  for (std::size_t at = from; (at = body.find(marker, at)) != std::string_view::npos; ++at) {
    const bool starts_line = at == 0 || (at >= from + 2 && body.substr(at - 2, 2) == "\r\n");
    if (!starts_line) continue;
    std::size_t end = at + marker.size();
    const bool closing = body.substr(end, 2) == "--";
    if (closing) end += 2;
    end = std::min(body.find_first_not_of(" \t", end), body.size());
    const bool ends_line = body.substr(end, 2) == "\r\n";
    // The body may end with the closing delimiter.
    const bool ends_body = closing && (end == body.size() || body.substr(end) == "\r");
    if (ends_line || ends_body) {
      return Delimiter{at == 0 ? 0 : at - 2, std::min(end + 2, body.size()), closing};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
  const Parameters parameters = parse_parameters(content_type);
  if (!iequals(parameters.kind, "multipart/form-data")) {
    throw FormatError("Content-Type is not multipart/form-data");
  }
  const auto boundary = find_field(parameters.values, "boundary");
  if (!boundary || boundary->empty()) throw FormatError("multipart/form-data has no boundary");
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  if (boundary->size() > 70 || boundary->back() == ' ' ||
      !std::all_of(boundary->begin(), boundary->end(), allowed)) {
    throw FormatError("the multipart boundary is longer than 70 characters or has invalid ones");
  }
  return std::string(*boundary);
}

std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary,
                                  const MultipartLimits& limits) {
  const std::string marker = "--" + std::string(boundary);
  auto delimiter = find_delimiter(body, 0, marker);  // what precedes it, the preamble, is ignored
  if (!delimiter) throw FormatError("the multipart body has no line with its boundary");
  std::vector<Part> parts;
  while (!delimiter->closing) {  // the epilogue is ignored, too
    const std::size_t number = parts.size() + 1;
    if (number > limits.max_parts) {
      throw FormatError(fmt::format("the multipart body has more than {} parts", limits.max_parts));
    }
    // The search starts at the CR LF before the head, so that it finds an empty head.
    const std::size_t start = delimiter->end;
    const std::string_view head = body.substr(start - 2, limits.max_part_head + 4);
    const std::size_t head_size = head.find("\r\n\r\n");
    if (head_size == std::string_view::npos) {
      fail(number, body.size() - start <= limits.max_part_head
                       ? "the header lines are incomplete"
                       : fmt::format("the header lines exceed {} bytes", limits.max_part_head));
    }
    Part part;
    try {
      read_part_head(head.substr(2, head_size < 2 ? 0 : head_size - 2), part);
    } catch (const FormatError& error) {
      fail(number, error.what());
    }
    const std::size_t data = start + head_size + 2;
    delimiter = find_delimiter(body, data - 2, marker);
    if (!delimiter) fail(number, "the boundary after the part is missing");
    if (delimiter->begin > data) part.data = body.substr(data, delimiter->begin - data);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace fovea::server
