#include "engine/data/file_names.h"

#include <iconv.h>
#include <utf8proc.h>

#include <cstdint>

#include "engine/core/error.h"

namespace fovea {
namespace {

// The length of the character at the start of the text; 0 if it is not UTF-8.
std::size_t character_length(std::string_view text) {
  utf8proc_int32_t point = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &point);
  return length < 0 ? 0 : static_cast<std::size_t>(length);
}

void close_converter(void* converter) {
  iconv_close(converter);
}

std::unique_ptr<void, void (*)(void*)> open_converter(const std::string& charset) {
  if (charset.empty()) return {nullptr, close_converter};
  // Only ASCII letters, digits and "-_.:": iconv would read options after a slash.
  const bool plain =
      charset.size() <= 40 && charset.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.:") == std::string::npos;
  iconv_t converter = reinterpret_cast<iconv_t>(-1);
  if (plain) converter = iconv_open("UTF-8", charset.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    throw ConfigError("the charset \"" + escape_bytes(charset.substr(0, 40)) +
                      "\" is unknown; `iconv -l` lists the known ones");
  }
  return {converter, close_converter};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escape_bytes(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length > 0) {
      shown += text.substr(0, length);
    } else {
      const auto byte = static_cast<std::uint8_t>(text.front());
      shown += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return shown;
}

NameDecoder::NameDecoder(const std::string& charset)
    : charset_(charset), converter_(open_converter(charset)) {}

std::string NameDecoder::decode(const std::string& path, const std::string& source) const {
  if (is_utf8(path)) return path;
  const std::string shown = "\"" + escape_bytes(path) + "\"";
  if (!converter_) {
    const std::size_t folder = path.rfind('/');
    if (folder == std::string::npos || is_utf8(std::string_view(path).substr(0, folder))) {
      return path;
    }
    throw FormatError("the names in " + source + " are not UTF-8, for example " + shown +
                      ". Pack the images again with UTF-8 names (7-Zip: -mcu=on), or name the "
                      "charset: --names-charset cp437 for old zip programs, shift-jis for Japanese "
                      "ones (over HTTP: ?names_charset=)");
  }
  iconv(converter_.get(), nullptr, nullptr, nullptr, nullptr);
  std::string text(4 * path.size() + 16, '\0');  // no character has more than 4 bytes in UTF-8
  char* from = const_cast<char*>(path.data());   // iconv does not change it
  char* to = text.data();
  std::size_t from_left = path.size(), to_left = text.size();
  const bool failed =
      iconv(converter_.get(), &from, &from_left, &to, &to_left) == static_cast<std::size_t>(-1) ||
      iconv(converter_.get(), nullptr, nullptr, &to, &to_left) == static_cast<std::size_t>(-1);
  if (failed) throw FormatError("the name " + shown + " in " + source + " is not " + charset_);
  text.resize(text.size() - to_left);
  return text;
}

}  // namespace fovea
