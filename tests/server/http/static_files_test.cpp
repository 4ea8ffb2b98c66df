#include "server/http/static_files.h"

#include <unistd.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"

using namespace fovea;
using namespace fovea::server;
namespace fs = std::filesystem;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Request get(std::string path, Fields fields = {}) {
  Request request;
  request.path = std::move(path);
  request.fields = std::move(fields);
  return request;
}

const EmbeddedFile kFiles[] = {
    {"assets/app-1a2b.js", bytes_of("let a = 1;"), bytes_of("packed")},
    {"index.html", bytes_of("<html>"), {}},
    {"module.wasm", bytes_of("wasm"), {}},
};

// A page on disk next to a secret file that must not be served.
struct Folder {
  fs::path base = fs::temp_directory_path() / ("fovea-static-" + std::to_string(getpid()));
  Folder() {
    write_file_atomically(base / "secret.txt", std::string_view("secret"));
    write_file_atomically(base / "www" / "index.html", std::string_view("<html>"));
    write_file_atomically(base / "www" / ".env", std::string_view("hidden"));
    write_file_atomically(base / "www" / "sub" / "a.css", std::string_view("a {}"));
    write_file_atomically(base / "www-other" / "b.txt", std::string_view("sibling"));
    fs::create_symlink("../secret.txt", base / "www" / "link.txt");
    fs::create_directory_symlink("..", base / "www" / "up");
    fs::create_symlink("sub/a.css", base / "www" / "inside.css");
  }
  ~Folder() { fs::remove_all(base); }
};

}  // namespace

TEST_CASE("embedded files have a type and a tag and a caching rule", "[server][http]") {
  const StaticFiles files{kFiles};
  const auto index = files.find(get("/"));
  REQUIRE(index);
  CHECK(index->content() == "<html>");
  CHECK(find_field(index->fields, "Content-Type") == "text/html; charset=utf-8");
  CHECK(find_field(index->fields, "Cache-Control") == "no-cache");
  const auto script = files.find(get("/assets/app-1a2b.js"));
  REQUIRE(script);
  CHECK(script->content() == "let a = 1;");
  CHECK(find_field(script->fields, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(find_field(files.find(get("/module.wasm"))->fields, "Content-Type") == "application/wasm");
  CHECK_FALSE(files.find(get("/missing.js")));
}

TEST_CASE("a current tag gets 304 without the bytes", "[server][http]") {
  const StaticFiles files{kFiles};
  const std::string tag(*find_field(files.find(get("/"))->fields, "ETag"));
  const auto again = files.find(get("/", {{"If-None-Match", tag}}));
  REQUIRE(again);
  CHECK(again->status == 304);
  CHECK(again->content().empty());
  CHECK(files.find(get("/", {{"If-None-Match", "\"other\""}}))->status == 200);
}

TEST_CASE("the compressed file is sent to clients that accept gzip", "[server][http]") {
  const StaticFiles files{kFiles};
  const auto plain = files.find(get("/assets/app-1a2b.js", {{"Accept-Encoding", "br"}}));
  const auto packed = files.find(get("/assets/app-1a2b.js", {{"Accept-Encoding", "br, gzip"}}));
  REQUIRE((plain && packed));
  CHECK(packed->content() == "packed");
  CHECK(find_field(packed->fields, "Content-Encoding") == "gzip");
  CHECK(find_field(plain->fields, "Vary") == "Accept-Encoding");
  CHECK(find_field(packed->fields, "ETag") != find_field(plain->fields, "ETag"));
  const auto rejected =
      files.find(get("/assets/app-1a2b.js", {{"Accept-Encoding", "gzip;q=0, br"}}));
  CHECK(rejected->content() == "let a = 1;");
}

TEST_CASE("files outside the folder are not served", "[server][http]") {
  const Folder folder;
  const StaticFiles files(folder.base / "www");
  CHECK(files.find(get("/"))->content() == "<html>");
  CHECK(files.find(get("/sub/a.css"))->content() == "a {}");
  CHECK(files.find(get("/inside.css"))->content() == "a {}");
  for (const char* path : {"/../secret.txt", "/sub/../../secret.txt", "/link.txt", "/up/secret.txt",
                           "/.env", "//index.html", "/./index.html", "/sub", "/sub/", "/..",
                           "/../www-other/b.txt", "/..\\secret.txt", ""}) {
    INFO(path);
    CHECK_FALSE(files.find(get(path)));
  }
  CHECK_THROWS_AS(StaticFiles(folder.base / "none"), IoError);
}
