#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/router.h"

namespace fovea::server {

// What the sender of a token may do.
struct Grant {
  Role role = Role::predict;
  std::string project;  // the only one that it may use; empty: all
};

// The bearer tokens of a server. Their text has one "role:token" per line (or between commas), with
// role `predict` or `admin` and a token of 16 to 512 visible characters; "role@project:token"
// restricts it to a project. '#' begins a comment line. Any thread.
class Tokens {
 public:
  // `text` is always used; `file` may be empty. Throws FormatError with the number of a malformed
  // line (without its token), IoError if the file cannot be read.
  Tokens(std::string_view text, std::filesystem::path file);

  // Checks the file at most once a second and reads it again when it has changed. If it is missing
  // or malformed, the tokens stay as they are and problem() is set. Returns whether problem() is
  // new.
  bool refresh();
  bool any() const;
  // The grant of a token; nullopt if it is unknown. The time does not depend on the token.
  std::optional<Grant> find(std::string_view token) const;
  std::string problem() const;  // why the present file was not loaded; empty if it was

 private:
  struct Entry {
    std::array<std::uint8_t, 32> digest;
    Grant grant;
  };
  using Entries = std::vector<Entry>;
  static Entries parse(std::string_view text, const std::string& where);
  Entries parse_all() const;

  const Entries fixed_;
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::string problem_;
  std::string file_text_;  // when it was last read
  std::chrono::steady_clock::time_point checked_;
};

}  // namespace fovea::server
