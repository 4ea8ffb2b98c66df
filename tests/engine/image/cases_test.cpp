// Files that programs and devices write although they break a rule of their format, and files that
// have another content, in tests/data/image_cases. Each was built by hand. "Red" is the colour 200,
// 40, 40.

#include <algorithm>
#include <future>

#include "engine/core/error.h"
#include "engine/image/decode.h"
#include "engine/image/file_kind.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes case_bytes(const std::string& name) {
  return read_file(std::string(FOVEA_SOURCE_DIR) + "/tests/data/image_cases/" + name);
}

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

bool is_red(const Image& image, std::size_t pixel) {
  const std::uint8_t* rgb = &image.rgb[pixel * 3];
  return std::abs(rgb[0] - 200) <= 4 && std::abs(rgb[1] - 40) <= 4 && std::abs(rgb[2] - 40) <= 4;
}

// A grey baseline JPEG without any detail: each block is the two bits "same average, no details".
Bytes flat_jpeg(int width, int height) {
  Bytes jpeg = {0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0};
  jpeg.insert(jpeg.end(), 64, 1);
  const auto put16 = [&](int value) {
    jpeg.push_back(static_cast<std::uint8_t>(value >> 8));
    jpeg.push_back(static_cast<std::uint8_t>(value));
  };
  jpeg.insert(jpeg.end(), {0xFF, 0xC0, 0, 11, 8});
  put16(height), put16(width);
  jpeg.insert(jpeg.end(), {1, 1, 0x11, 0});
  for (const std::uint8_t table : {0x00, 0x10}) {  // one code of one bit, with the value 0
    jpeg.insert(jpeg.end(), {0xFF, 0xC4, 0, 20, table, 1});
    jpeg.insert(jpeg.end(), 16, 0);
  }
  jpeg.insert(jpeg.end(), {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0});
  const std::size_t blocks = std::size_t((width + 7) / 8) * std::size_t((height + 7) / 8);
  jpeg.insert(jpeg.end(), (blocks * 2 + 7) / 8, 0);
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  return jpeg;
}

}  // namespace

TEST_CASE("files with errors that other programs repair are decoded", "[engine][image]") {
  for (const char* name : {"mjpeg-no-dht.jpg", "cmyk-no-adobe.jpg", "bgrx-one-byte-not-zero.bmp",
                           "topdown24.bmp", "dji-junk-before-eoi.jpg", "no-eoi.jpg", "rle8.bmp",
                           "no-iend.png", "webp.jpg", "gif.jpg"}) {
    INFO(name);
    const Image image = decode_image(case_bytes(name));
    CHECK(is_red(image, 0));
    CHECK(is_red(image, image.rgb.size() / 3 - 1));
  }
  const Image restarts = decode_image(case_bytes("junk-before-rst.jpg"));
  CHECK((restarts.width == 32 && restarts.height == 16));
  CHECK(int{restarts.rgb[0]} == 0xD5);
}

TEST_CASE("EXIF orientations outside the standard forms are applied", "[engine][image]") {
  for (const char* name :
       {"exif-orientation-as-long.jpg", "junk-then-exif.jpg", "png-raw-profile-exif.png"}) {
    INFO(name);
    const Image image = decode_image(case_bytes(name));
    CHECK((image.width == 16 && image.height == 32));
    CHECK(is_red(image, 0));
  }
}

TEST_CASE("files without a whole image are rejected with the true reason", "[engine][image]") {
  CHECK(rejection(case_bytes("no-scan.jpg")) ==
        "the JPEG file holds no image data; it ends at byte 609");
  CHECK(rejection(case_bytes("half-then-eoi.jpg")) ==
        "the JPEG file is cut off: its image data end at byte 1425; 37 of 64 blocks are missing");
  CHECK_THAT(rejection(case_bytes("arithmetic.jpg")), ContainsSubstring("uses arithmetic coding"));
  if (!decodes_heif()) {
    CHECK(rejection(case_bytes("avif.jpg")) ==
          "this is an AVIF image, which is not supported; save it as JPEG, PNG, WebP, GIF or BMP");
  }
  CHECK(rejection(case_bytes("empty.jpg")) == "the file is empty");
  CHECK_THAT(rejection(case_bytes("html.jpg")),
             ContainsSubstring("this is an HTML page, not an image"));
  CHECK(rejection(case_bytes("base64.jpg")) ==
        "this is text (base64), not an image; decode it first");
}

TEST_CASE("the end of a JPEG is never made up even if the end marker is put back",
          "[engine][image]") {
  for (const char* name : {"exif6.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"}) {
    const Bytes whole = image_bytes(name);
    int accepted = 0;
    for (std::size_t length = 2; length < whole.size() - 2; ++length) {
      Bytes cut(whole.begin(), whole.begin() + length);
      cut.insert(cut.end(), {0xFF, 0xD9});
      if (rejection(cut).empty()) ++accepted;
    }
    INFO(name);
    CHECK(accepted == 0);
  }
}

TEST_CASE("a JPEG that ends with zero bytes instead of its data is rejected", "[engine][image]") {
  Bytes file = case_bytes("half-then-eoi.jpg");
  file.resize(1425);  // where its image data end
  const std::size_t data =
      1425 - static_cast<std::size_t>(std::count(file.end() - 3, file.end(), std::uint8_t{0}));
  file.resize(4000, 0);
  CHECK(rejection(file) == "the JPEG file is cut off: from byte " + std::to_string(data) +
                               " on it has only zero bytes");
  // Zero bytes behind a whole image do not matter.
  Bytes padded = case_bytes("no-eoi.jpg");
  padded.resize(padded.size() + 500, 0);
  CHECK(is_red(decode_image(padded), 0));
}

TEST_CASE("a JPEG without a quantization table is rejected", "[engine][image]") {
  Bytes jpeg = flat_jpeg(16, 16);
  jpeg.erase(jpeg.begin() + 2, jpeg.begin() + 71);
  CHECK_THAT(rejection(jpeg), ContainsSubstring("quantization table 0 is used, but not defined"));
}

TEST_CASE("a PNG with a changed byte is rejected by its checksum", "[engine][image]") {
  Bytes png = image_bytes("upright.png");
  png[png.size() / 2] ^= 1;
  CHECK_THAT(rejection(png), ContainsSubstring("the CRC of chunk IDAT does not match"));
}

TEST_CASE("other files are named by their content", "[engine][image]") {
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"<!DOCTYPE html><html>", "an HTML page"},
      {"\n <HTML><body>", "an HTML page"},
      {"<?xml version='1.0'?><a/>", "an XML document"},
      {"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"},
      {"{\"error\": 404}", "JSON text"},
      {"data:image/png;base64,iVBORw0KGgo=", "a data URL"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "git lfs pull"},
      {"BM is how this sentence begins, so the file is text", "this is text"},
      {"%PDF-1.7", "a PDF document"},
      {"PK\3\4rest", "a zip archive"},
      {std::string("\0\0\0\x18"
                   "ftypisom\0\0\2\0isomiso2",
                   24),
       "a video"},
      {std::string("II*\0\x08\0\0\0", 8), "a TIFF"},
      {std::string("\xFF\x0A\0\0", 4), "a JPEG XL image"},
      {"P6 1 1 255 abc", "a Netpbm image"},
      {"8BPS", "a Photoshop document"},
      {std::string(32, '\0'), "only zero bytes"},
      {"\xFF", "its first bytes are FF"},
  };
  for (const auto& [text, kind] : kinds) {
    INFO(kind);
    CHECK(file_kind(bytes_of(text)) == FileKind::other);
    CHECK_THAT(rejection(bytes_of(text)), ContainsSubstring(kind));
  }
}

TEST_CASE("HEIC and AVIF are recognised by their brands", "[engine][image]") {
  const Bytes heic =
      bytes_of(std::string("\0\0\0\x18"
                           "ftypheic\0\0\0\0mif1heic",
                           24));
  const Bytes avif =
      bytes_of(std::string("\0\0\0\x18"
                           "ftypmif1\0\0\0\0mif1avif",
                           24));
  CHECK(file_kind(heic) == FileKind::heic);
  CHECK(file_kind(avif) == FileKind::avif);
  CHECK_THAT(describe_unsupported(heic), ContainsSubstring("this is a HEIC image"));
  CHECK_THAT(describe_unsupported(avif), ContainsSubstring("this is an AVIF image"));
  CHECK_THAT(rejection(heic),
             ContainsSubstring(decodes_heif() ? "holds no still image" : "a HEIC"));
}

TEST_CASE("a reason contains no bytes of the file", "[engine][image]") {
  CHECK(rejection(bytes_of("\x1B[2J\x01\x02")) ==
        "not a JPEG, PNG, WebP, GIF or BMP image: its first bytes are 1B 5B 32 4A 01 02");
}

TEST_CASE("a photograph of 48 million pixels is decoded", "[engine][image]") {
  const Image image = decode_image(flat_jpeg(8064, 6048));
  CHECK((image.width == 8064 && image.height == 6048));
  CHECK(int{image.rgb.back()} == 128);
}

TEST_CASE("large images are decoded one at a time", "[engine][image]") {
  const Bytes large = flat_jpeg(4096, 4096), small = flat_jpeg(64, 64);
  bool inside = false, overlapped = false;
  const auto decode_large = [&] {
    with_image(large, [&](const Image&) {
      overlapped = overlapped || inside;
      inside = true;
      with_image(small, [](const Image&) {});  // which does not wait
      inside = false;
    });
  };
  auto other = std::async(std::launch::async, decode_large);
  decode_large();
  other.get();
  CHECK(!overlapped);
}
