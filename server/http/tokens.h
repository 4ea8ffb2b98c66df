#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/router.h"

namespace fovea::server {

// The bearer tokens of a server. A text of them has one "role:token" a line (or between commas),
// role `predict` or `admin`, token 16 to 512 visible characters; '#' begins a comment. Thread
// contract: any.
class Tokens {
 public:
  // `text` always counts; `file` may be empty. Throws FormatError naming the line (never its
  // token), IoError when the file cannot be read.
  Tokens(std::string_view text, std::filesystem::path file);

  // Looks at the file at most once a second and reads it again when it changed; one that is gone
  // or wrong leaves the tokens as they were, and problem() says so.
  bool refresh();  // whether problem() is a new one
  bool any() const;
  // The role of a token; nothing for a wrong one. Takes as long for a near miss as for a far one.
  std::optional<Role> find(std::string_view token) const;
  std::string problem() const;  // why the file in place was not taken; empty when it was

 private:
  struct Entry {
    std::array<std::uint8_t, 32> digest;
    Role role;
  };
  using Entries = std::vector<Entry>;
  static Entries parse(std::string_view text, const std::string& where);
  Entries read_file_entries();

  const Entries fixed_;
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::string problem_;
  std::string seen_;  // the file's text
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace fovea::server
