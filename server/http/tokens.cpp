#include "server/http/tokens.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

std::array<std::uint8_t, 32> digest_of(std::string_view token) {
  Sha256 hash;
  hash.update({reinterpret_cast<const std::uint8_t*>(token.data()), token.size()});
  return hash.digest();
}

std::string read_text(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

// "admin" or "admin@hands". nullopt if it is neither.
std::optional<Grant> parse_grant(std::string_view text) {
  const bool restricted = text.find('@') != std::string_view::npos;
  const std::string_view role = take_until(text, "@");
  if ((role != "predict" && role != "admin") || restricted != is_project_name(text)) {
    return std::nullopt;
  }
  return Grant{role == "admin" ? Role::admin : Role::predict, std::string(text)};
}

}  // namespace

Tokens::Entries Tokens::parse(std::string_view text, const std::string& where) {
  Entries entries;
  for (int line = 1; !text.empty(); ++line) {
    std::string_view token = trim(take_until(text, "\n,"), " \t\r");
    if (token.empty() || token.front() == '#') continue;
    const auto grant = parse_grant(take_until(token, ":"));
    const bool visible =
        std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!grant || token.size() < 16 || token.size() > 512 || !visible) {
      throw FormatError(fmt::format(
          "{}, line {}: not predict:TOKEN or admin:TOKEN with a token of 16 to 512 visible "
          "characters (predict@PROJECT:TOKEN restricts it to a project)",
          where, line));
    }
    entries.push_back({digest_of(token), *grant});
  }
  return entries;
}

Tokens::Tokens(std::string_view text, std::filesystem::path file)
    : fixed_(parse(text, "the tokens in the environment")), file_(std::move(file)) {
  if (!file_.empty()) file_text_ = read_text(file_);
  entries_ = parse_all();
  if (!file_.empty() && entries_.empty()) {
    throw FormatError("the token file " + file_.string() + " has no tokens");
  }
  checked_ = std::chrono::steady_clock::now();
}

Tokens::Entries Tokens::parse_all() const {
  Entries entries = fixed_;
  const Entries from_file = parse(file_text_, file_.string());
  entries.insert(entries.end(), from_file.begin(), from_file.end());
  return entries;
}

bool Tokens::refresh() {
  if (file_.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - checked_ < std::chrono::seconds(1)) return false;
  checked_ = now;
  try {
    std::string text = read_text(file_);
    if (text == file_text_) return false;
    file_text_.swap(text);
    Entries entries = parse_all();
    // Without tokens the server would be open, so an empty file must not remove the last one.
    if (entries.empty()) throw FormatError("the token file " + file_.string() + " has no tokens");
    entries_ = std::move(entries);
    problem_.clear();
  } catch (const std::exception& error) {
    return std::exchange(problem_, error.what()) != problem_;
  }
  return false;
}

bool Tokens::any() const {
  const std::lock_guard lock(mutex_);
  return !entries_.empty();
}

// Of a token that is listed more than once, an unrestricted grant counts before a restricted one,
// and as an admin before the other.
std::optional<Grant> Tokens::find(std::string_view token) const {
  const auto digest = digest_of(token);
  const std::lock_guard lock(mutex_);
  std::optional<Grant> found;
  for (const Entry& entry : entries_) {
    // Compares in constant time, and compares with every entry, so that the time shows nothing
    // about how much of a guessed token is right.
    const bool same = CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0;
    if (!same) continue;
    const bool restricted = !entry.grant.project.empty();
    if (!found || (!restricted && (!found->project.empty() || entry.grant.role == Role::admin))) {
      found = entry.grant;
    }
  }
  return found;
}

std::string Tokens::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace fovea::server
