#include "server/http/multipart.h"

#include <random>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace fovea;
using namespace fovea::server;

namespace {

const std::string kValid =
    "--xY\r\n"
    "Content-Disposition: form-data; name=\"note\"\r\n"
    "\r\n"
    "two\r\nlines\r\n"
    "--xY\r\n"
    "Content-Disposition: form-data; name=\"file\"; filename=\"a b.png\"\r\n"
    "Content-Type: image/png\r\n"
    "\r\n"
    "\x89PNG\r\n--x\r\n-\r\n"
    "--xY--\r\n";

std::string one_part(const std::string& head, const std::string& data = "data") {
  return "--b\r\n" + head + "\r\n\r\n" + data + "\r\n--b--\r\n";
}

Part only_part(const std::string& head) {
  static std::string body;
  body = one_part(head);
  const auto parts = parse_multipart(body, "b");
  REQUIRE(parts.size() == 1);
  return parts[0];
}

}  // namespace

TEST_CASE("a multipart body is split into its parts", "[server][http]") {
  const auto parts = parse_multipart(kValid, "xY");
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].name == "note");
  CHECK_FALSE(parts[0].file_name.has_value());
  CHECK(parts[0].content_type.empty());
  CHECK(parts[0].data == "two\r\nlines");
  CHECK(parts[1].name == "file");
  CHECK(parts[1].file_name == "a b.png");
  CHECK(parts[1].content_type == "image/png");
  CHECK(parts[1].data == "\x89PNG\r\n--x\r\n-");
}

TEST_CASE("an invalid extended file name is an error", "[server][http]") {
  const std::string head = "Content-Disposition: form-data; name=f; filename*=UTF-8''";
  for (const char* name : {"a%zz.png", "a%", "a%00b"}) {
    CHECK_THROWS_WITH(parse_multipart(one_part(head + name), "b"),
                      ContainsSubstring("part 1: filename*") && !ContainsSubstring("address"));
  }
}

TEST_CASE("every truncation of a multipart body is an error", "[server][http]") {
  // Only the CR LF after the closing boundary may be missing, or its LF.
  const std::size_t closed = kValid.size() - 2;
  for (std::size_t length = 0; length < kValid.size(); ++length) {
    const std::string body = kValid.substr(0, length);
    INFO("length " << length);
    if (length >= closed) {
      CHECK(parse_multipart(body, "xY").size() == 2);
    } else {
      CHECK_THROWS_AS(parse_multipart(body, "xY"), FormatError);
    }
  }
}

TEST_CASE("a multipart body with a changed byte is parsed or rejected", "[server][http]") {
  std::mt19937 random(7);
  int rejected = 0;
  for (std::size_t at = 0; at < kValid.size(); ++at) {
    for (int round = 0; round < 8; ++round) {
      std::string body = kValid;
      body[at] = static_cast<char>(body[at] ^ (1 + random() % 255));
      try {
        parse_multipart(body, "xY");
      } catch (const FormatError&) {
        ++rejected;
      }
    }
  }
  CHECK(rejected > 500);
}

TEST_CASE("empty parts and bodies without parts are valid", "[server][http]") {
  CHECK(parse_multipart("--b--", "b").empty());
  const std::string empty = one_part("Content-Disposition: form-data; name=\"file\"", "");
  CHECK(parse_multipart(empty, "b").at(0).data.empty());
  const std::string bare = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n--b--";
  CHECK(parse_multipart(bare, "b").at(0).data.empty());
}

TEST_CASE("line ends other than CR LF are rejected", "[server][http]") {
  std::string unix_ends = kValid;
  for (std::size_t at; (at = unix_ends.find("\r\n")) != std::string::npos;) unix_ends.erase(at, 1);
  CHECK_THROWS_AS(parse_multipart(unix_ends, "xY"), FormatError);
  CHECK_THROWS_AS(only_part("Content-Disposition: form-data; name=a\nX: b"), FormatError);
}

TEST_CASE("a part with many parameters is rejected", "[server][http]") {
  std::string disposition = "Content-Disposition: form-data; name=a";
  for (int i = 0; i < 15; ++i) disposition += "; p" + std::to_string(i) + "=1";
  CHECK(only_part(disposition).name == "a");
  CHECK_THROWS_WITH(only_part(disposition + "; p=1"), ContainsSubstring("more than 16 parameters"));
}

TEST_CASE("a preamble and an epilogue are ignored", "[server][http]") {
  for (const std::string before : {"\r\n", "preamble\r\n", "two\r\nlines --xY\r\n", "--xYZ\r\n"}) {
    for (const std::string after : {"", "epilogue", "\r\n--xY\r\n", "\r\n--xY--\r\n"}) {
      const std::string body = before + kValid + after;  // parts point into it
      const auto parts = parse_multipart(body, "xY");
      REQUIRE(parts.size() == 2);
      CHECK(parts[0].data == "two\r\nlines");
      CHECK(parts[1].data == "\x89PNG\r\n--x\r\n-");
    }
  }
  CHECK_THROWS_WITH(parse_multipart("preamble", "xY"), ContainsSubstring("no line"));
  CHECK_THROWS_AS(parse_multipart("preamble" + kValid.substr(0, 30), "xY"), FormatError);
}

TEST_CASE("blanks after a boundary and folded header lines are accepted", "[server][http]") {
  const std::string body =
      "--b \t\r\nContent-Disposition: form-data;\r\n\tname=\"file\";\r\n filename=\"a.png\"\r\n"
      "\r\ndata\r\n--b-- \r\n";
  const auto parts = parse_multipart(body, "b");
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].name == "file");
  CHECK(parts[0].file_name == "a.png");
  CHECK(parts[0].data == "data");
}

TEST_CASE("file names may be quoted or escaped or in UTF-8", "[server][http]") {
  const std::string head = "Content-Disposition: form-data; name=\"file\"; ";
  CHECK(only_part(head + "filename=plain.png").file_name == "plain.png");
  CHECK(only_part(head + "filename=\"semi;colon = 1.png\"").file_name == "semi;colon = 1.png");
  CHECK(only_part(head + R"(filename="a\"b\\c.png")").file_name == R"(a"b\c.png)");
  CHECK(only_part(head + R"(filename="C:\tmp\a.png")").file_name == R"(C:\tmp\a.png)");
  CHECK(only_part(head + "filename=\"\"").file_name == "");
  CHECK(only_part(head + "filename=\"x\"; filename*=UTF-8''na%C3%AFve.png").file_name ==
        "na\xc3\xafve.png");
  CHECK(only_part(head + "filename*=utf-8'en'a%20b.png; filename=\"x\"").file_name == "a b.png");
  CHECK(only_part(head + "filename=na\xC3\xAFve.jpg").file_name == "na\xC3\xAFve.jpg");
  CHECK(only_part(head + "filename=my photo (1).jpg ; x=y").file_name == "my photo (1).jpg");
  CHECK(only_part(head + "filename=").file_name == "");
  CHECK(only_part(head + "filename=; x=y").file_name == "");
  CHECK(only_part(head + "filename*=\"UTF-8''a%20b.png\"").file_name == "a b.png");
  CHECK(only_part(head + "filename*=iso-8859-1''na%EFve.png").file_name == "na\xC3\xAFve.png");
  CHECK_THROWS_AS(only_part(head + "filename*=latin1''a.png"), FormatError);
  CHECK_THROWS_AS(only_part(head + "filename=a\"b.png"), FormatError);
  CHECK_THROWS_AS(only_part(head + "filename*=UTF-8''a%2"), FormatError);
  CHECK_THROWS_AS(only_part(head + "filename*=UTF-8''a%00.png"), FormatError);
  CHECK_THROWS_AS(only_part(head + "filename=\"open"), FormatError);
}

TEST_CASE("malformed part headers are rejected", "[server][http]") {
  const std::string good = "Content-Disposition: form-data; name=\"file\"";
  CHECK(only_part("CONTENT-disposition:form-data;NAME=file").name == "file");
  CHECK(only_part(good + "\r\nContent-Transfer-Encoding: binary").name == "file");
  for (const std::string head :
       {"Content-Type: image/png", "Content-Disposition: attachment; name=\"file\"",
        "Content-Disposition: form-data", "Content-Disposition: form-data; name",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
        "Content-Disposition: form-data name=\"a\"", "Content-Disposition: form-data; name=\"a\" b",
        "no colon", ": empty name", "Bad Name: x"}) {
    INFO(head);
    CHECK_THROWS_AS(only_part(head), FormatError);
  }
  CHECK_THROWS_AS(only_part(good + "\r\n" + good), FormatError);
  CHECK_THROWS_AS(only_part(" " + good), FormatError);
  CHECK_THROWS_AS(only_part(good + "\r\nX: \x01"), FormatError);
  CHECK_THROWS_AS(only_part(good + "\r\nContent-Transfer-Encoding: base64"), FormatError);
  CHECK_THROWS_AS(parse_multipart("--b\r\n\r\n\r\nx\r\n--b--", "b"), FormatError);
}

TEST_CASE("a longer boundary does not end a part", "[server][http]") {
  const std::string longer =
      "--b\r\nContent-Disposition: form-data; name=a\r\n\r\ndata\r\n--bb\r\n--b-x\r\n--b--";
  CHECK(parse_multipart(longer, "b").at(0).data == "data\r\n--bb\r\n--b-x");
}

TEST_CASE("the number of parts and the size of their heads are limited", "[server][http]") {
  std::string many;
  for (int i = 0; i < 3; ++i) {
    many += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  }
  many += "--b--";
  CHECK(parse_multipart(many, "b", {.max_parts = 3}).size() == 3);
  CHECK_THROWS_WITH(parse_multipart(many, "b", {.max_parts = 2}), ContainsSubstring("2 parts"));
  const std::string wide = "Content-Disposition: form-data; name=a\r\nX: " + std::string(9000, 'x');
  CHECK_THROWS_WITH(only_part(wide), ContainsSubstring("8192 bytes"));
}

TEST_CASE("errors name the part of the form", "[server][http]") {
  const std::string second = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b\r\nbad";
  CHECK_THROWS_WITH(parse_multipart(second, "b"), ContainsSubstring("part 2"));
}

TEST_CASE("the boundary in Content-Type is validated", "[server][http]") {
  CHECK(multipart_boundary("multipart/form-data; boundary=abc") == "abc");
  CHECK(multipart_boundary("multipart/form-data; boundary=a/b") == "a/b");
  const std::string_view kind = "multipart/form-Data";  // copied, so that sanitizers see its end
  const std::vector<char> exact(kind.begin(), kind.end());
  CHECK_THROWS_WITH(multipart_boundary({exact.data(), exact.size()}),
                    ContainsSubstring("no boundary"));
  CHECK(multipart_boundary("multipart/form-data; boundary===a:b=?,(c)'; charset=x") ==
        "==a:b=?,(c)'");
  CHECK(multipart_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b:c\"") == "a b:c");
  CHECK(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW") ==
        "----WebKitFormBoundary7MA4YWxkTrZu0gW");
  for (const std::string type :
       {"multipart/mixed; boundary=abc", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a b \"",
        "multipart/form-data; boundary=\"a\xc3\xa4\"", "multipart/form-data; boundary=\"a*b\""}) {
    INFO(type);
    CHECK_THROWS_AS(multipart_boundary(type), FormatError);
  }
  CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'a')).size() == 70);
  CHECK_THROWS_AS(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')),
                  FormatError);
}
