#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fovea {

bool is_utf8(std::string_view text);

// Bytes that are not part of valid UTF-8 become "\x8E".
std::string escape_bytes(std::string_view text);

// Converts the paths in a folder or an archive to UTF-8. Zip archives of old programs have names in
// the charset of the computer that wrote them, without saying which. One owner.
class NameDecoder {
 public:
  // The charset of names that are not UTF-8, as iconv calls it ("cp437", "shift-jis"); empty: not
  // known. Throws ConfigError for an unknown charset.
  explicit NameDecoder(const std::string& charset);

  // Throws FormatError, calling the folder or archive `source`, if a folder of the path is not
  // UTF-8 and no charset is known: it may name a class. The name of the file may then have any
  // bytes. Throws FormatError, too, if the path is not in the charset.
  std::string decode(const std::string& path, const std::string& source) const;

 private:
  std::string charset_;
  std::unique_ptr<void, void (*)(void*)> converter_;  // an iconv_t, or null
};

}  // namespace fovea
