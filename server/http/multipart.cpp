#include "server/http/multipart.h"

#include <algorithm>

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

// kind *( ";" name "=" (token / quoted-string) )
Parameters parse_parameters(std::string_view text) {
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
    if (find_field(result.values, name)) {
      throw FormatError(fmt::format("the parameter {} occurs twice", name));
    }
    text = trim(text.substr(equals + 1));
    std::string value;
    if (!text.empty() && text.front() == '"') {
      value = take_quoted(text);
    } else {
      const std::size_t stop = std::min(text.find_first_of("; \t"), text.size());
      value = text.substr(0, stop);
      if (!is_token(value)) throw FormatError("a parameter's value is malformed");
      text.remove_prefix(stop);
    }
    result.values.emplace_back(name, std::move(value));
  }
  return result;
}

// filename*=UTF-8''na%C3%AFve.png (RFC 8187)
std::string decode_extended(std::string_view value) {
  const std::size_t charset = value.find('\'');
  const std::size_t language =
      charset == std::string_view::npos ? charset : value.find('\'', charset + 1);
  if (language == std::string_view::npos || !iequals(value.substr(0, charset), "UTF-8")) {
    throw FormatError("filename* is not UTF-8''...");
  }
  return percent_decode(value.substr(language + 1), false, "filename*");
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

// Reads the header lines of a part, without the empty line that ends them.
void read_part_head(std::string_view head, Part& part) {
  bool disposed = false;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
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
  const std::string delimiter = "\r\n--" + std::string(boundary);
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (body.substr(0, first.size()) != first) {
    throw FormatError("the multipart body does not begin with its boundary");
  }
  body.remove_prefix(first.size());
  std::vector<Part> parts;
  while (body.substr(0, 2) != "--") {  // body begins after a boundary
    const std::size_t number = parts.size() + 1;
    if (body.substr(0, 2) != "\r\n") fail(number, "the boundary line does not end in CR LF");
    if (number > limits.max_parts) {
      throw FormatError(fmt::format("the multipart body has more than {} parts", limits.max_parts));
    }
    // The search starts at the CR LF before the head, so that it finds an empty head.
    const std::size_t head_end = body.substr(0, limits.max_part_head + 4).find("\r\n\r\n");
    if (head_end == std::string_view::npos) {
      fail(number, body.size() <= limits.max_part_head
                       ? "the header lines are incomplete"
                       : fmt::format("the header lines exceed {} bytes", limits.max_part_head));
    }
    Part part;
    try {
      read_part_head(body.substr(2, head_end < 2 ? 0 : head_end - 2), part);
    } catch (const FormatError& error) {
      fail(number, error.what());
    }
    // Keeps the CR LF that ends the head, because the delimiter of an empty part begins with it.
    body.remove_prefix(head_end + 2);
    const std::size_t end = body.find(delimiter);
    if (end == std::string_view::npos) fail(number, "the boundary after the part is missing");
    part.data = end < 2 ? std::string_view() : body.substr(2, end - 2);
    parts.push_back(std::move(part));
    body.remove_prefix(end + delimiter.size());
  }
  body.remove_prefix(2);
  if (!body.empty() && body != "\r\n")
    throw FormatError("bytes follow the closing boundary of the multipart body");
  return parts;
}

}  // namespace fovea::server
