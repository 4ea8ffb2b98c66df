#include "server/http/tokens.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace fovea::server {
namespace {

std::array<std::uint8_t, 32> digest_of(std::string_view token) {
  Sha256 hash;
  hash.update({reinterpret_cast<const std::uint8_t*>(token.data()), token.size()});
  return hash.digest();
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string read_text(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Tokens::Entries Tokens::parse(std::string_view text, const std::string& where) {
  Entries entries;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find_first_of("\n,"), text.size());
    const std::string_view entry = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty() || entry.front() == '#') continue;
    const std::size_t colon = std::min(entry.find(':'), entry.size());
    const std::string_view role = entry.substr(0, colon);
    const std::string_view token = entry.substr(std::min(colon + 1, entry.size()));
    const bool visible =
        std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if ((role != "predict" && role != "admin") || token.size() < 16 || token.size() > 512 ||
        !visible) {
      throw FormatError(where + ", line " + std::to_string(line) +
                        ": not predict:TOKEN or admin:TOKEN with a token of 16 to 512 visible "
                        "characters");
    }
    entries.push_back({digest_of(token), role == "admin" ? Role::admin : Role::predict});
  }
  return entries;
}

Tokens::Tokens(std::string_view text, std::filesystem::path file)
    : fixed_(parse(text, "the tokens in the environment")), file_(std::move(file)) {
  if (!file_.empty()) seen_ = read_text(file_);
  entries_ = read_file_entries();
  if (!file_.empty() && entries_.empty()) {
    throw FormatError("the token file " + file_.string() + " holds no token");
  }
  looked_ = std::chrono::steady_clock::now();
}

Tokens::Entries Tokens::read_file_entries() {
  Entries entries = fixed_;
  const Entries more = parse(seen_, file_.string());
  entries.insert(entries.end(), more.begin(), more.end());
  return entries;
}

bool Tokens::refresh() {
  if (file_.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < std::chrono::seconds(1)) return false;
  looked_ = now;
  try {
    std::string text = read_text(file_);
    if (text == seen_) return false;
    seen_.swap(text);
    Entries entries = read_file_entries();
    // An emptied file must not open what was closed.
    if (entries.empty()) throw FormatError("the token file " + file_.string() + " holds no token");
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

std::optional<Role> Tokens::find(std::string_view token) const {
  const auto digest = digest_of(token);
  const std::lock_guard lock(mutex_);
  std::optional<Role> found;
  for (const Entry& entry : entries_) {
    // In a time that does not tell how much of it is alike, whatever the compiler makes of it.
    const bool same = CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0;
    if (same && found != Role::admin) found = entry.role;
  }
  return found;
}

std::string Tokens::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace fovea::server
