#include "server/http/static_files.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <boost/beast/http/rfc7230.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
namespace http = boost::beast::http;

constexpr std::uint64_t kMaxFileSize = 64 << 20;

std::string make_etag(std::span<const std::uint8_t> bytes) {
  return '"' + sha256_hex(bytes).substr(0, 32) + '"';
}

// The path below the root; nullopt if it has an empty or hidden segment, or a backslash.
std::optional<std::string> clean_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::string clean(path.substr(1));
  if (clean.empty() || clean.back() == '/') clean += "index.html";
  std::string_view rest = clean;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty() || segment.front() == '.') return std::nullopt;
    if (segment.find('\\') != std::string_view::npos) return std::nullopt;
    if (slash == std::string_view::npos) return clean;
    rest.remove_prefix(slash + 1);
  }
}

bool accepts_gzip(const Request& request) {
  const auto accepted = request.field("Accept-Encoding").value_or("");
  for (const auto& [coding, params] : http::ext_list({accepted.data(), accepted.size()})) {
    if (!iequals({coding.data(), coding.size()}, "gzip")) continue;
    for (const auto& [name, value] : params) {  // "q=0" and "q=0.0" reject it
      if (name == "q") return value.find_first_of("123456789") != boost::beast::string_view::npos;
    }
    return true;
  }
  return false;
}

Reply make_reply(const Request& request, std::string_view path, const std::string& etag) {
  const bool hashed = path.substr(0, 7) == "assets/";
  Reply reply;
  reply.status = etag_matches(request, etag) ? 304 : 200;
  reply.fields = {{"Content-Type", std::string(media_type(path))},
                  {"ETag", etag},
                  {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  return reply;
}

bool is_inside(const fs::path& folder, const fs::path& file) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
         folder.end();
}

}  // namespace

std::string_view media_type(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".wasm", "application/wasm"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
  }};
  const std::size_t dot = std::min(path.rfind('.'), path.size());
  for (const auto& [ending, type] : kTypes) {
    if (path.substr(dot) == ending) return type;
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) {
    entries_.emplace(file.path, Entry{file, make_etag(file.bytes)});
  }
}

StaticFiles::StaticFiles(const fs::path& folder) {
  std::error_code error;
  folder_ = fs::canonical(folder, error);
  if (error || !fs::is_directory(folder_, error)) {
    throw IoError("the folder of the page, " + folder.string() + ", is not a folder");
  }
}

std::optional<Reply> StaticFiles::find(const Request& request) const {
  const auto path = clean_path(request.path);
  if (!path) return std::nullopt;
  return folder_.empty() ? find_embedded(request, *path) : find_on_disk(request, *path);
}

std::optional<Reply> StaticFiles::find_embedded(const Request& request,
                                                const std::string& path) const {
  const auto found = entries_.find(path);
  if (found == entries_.end()) return std::nullopt;
  const auto& [file, etag] = found->second;
  const bool gzip = !file.gzip.empty() && accepts_gzip(request);
  // The compressed file is another representation, so it has another tag.
  Reply reply = make_reply(request, path, gzip ? etag.substr(0, etag.size() - 1) + "-gz\"" : etag);
  if (!file.gzip.empty()) reply.fields.emplace_back("Vary", "Accept-Encoding");
  if (gzip) reply.fields.emplace_back("Content-Encoding", "gzip");
  if (reply.status == 200) reply.shared = SharedBytes{nullptr, gzip ? file.gzip : file.bytes};
  return reply;
}

std::optional<Reply> StaticFiles::find_on_disk(const Request& request,
                                               const std::string& path) const {
  std::error_code error;
  const fs::path file = fs::canonical(folder_ / path, error);
  if (error || !is_inside(folder_, file) || !fs::is_regular_file(file, error)) return std::nullopt;
  try {
    const auto bytes =
        std::make_shared<const std::vector<std::uint8_t>>(read_file(file, kMaxFileSize));
    Reply reply = make_reply(request, path, make_etag(*bytes));
    if (reply.status == 200) reply.shared = SharedBytes{bytes, *bytes};
    return reply;
  } catch (const IoError&) {  // removed meanwhile, or not readable
    return std::nullopt;
  }
}

}  // namespace fovea::server
