// HEIC and AVIF, with libheif and without it. Most files are in tests/data/heif (make_heif.py).

#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/image/decode.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"

using namespace fovea;
using namespace fovea::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes heif_bytes(const std::string& name) {
  return read_file(std::string(FOVEA_SOURCE_DIR) + "/tests/data/heif/" + name);
}

double mean_difference(const Image& a, const Image& b) {
  REQUIRE((a.width == b.width && a.height == b.height));
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
  return sum / double(a.rgb.size());
}

// Files by hand: boxes of a type and contents.
std::string big(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string box(const std::string& type, const std::string& contents) {
  return big(static_cast<std::uint32_t>(8 + contents.size()), 4) + type + contents;
}
std::string full_box(const std::string& type, int version, const std::string& contents) {
  return box(type, big(static_cast<std::uint32_t>(version) << 24, 4) + contents);
}

// A file whose main image, 1, is of `type`, is made of image `part`, and has `data`.
Bytes composed(const std::string& type, int part, const std::string& data) {
  const std::string infe = full_box("infe", 2, big(1, 2) + big(0, 2) + type + '\0');
  const std::string ipma = full_box("ipma", 0, big(1, 4) + big(1, 2) + big(1, 1) + big(1, 1));
  const std::string size = full_box("ispe", 0, big(64, 4) + big(64, 4));
  // Its data are in the box "idat".
  const std::string iloc =
      full_box("iloc", 1,
               big(0x4400, 2) + big(1, 2) + big(1, 2) + big(1, 2) + big(0, 2) + big(1, 2) +
                   big(0, 4) + big(static_cast<std::uint32_t>(data.size()), 4));
  const std::string meta =
      full_box("hdlr", 0, std::string(4, '\0') + "pict" + std::string(13, '\0')) +
      full_box("pitm", 0, big(1, 2)) + full_box("iinf", 0, big(1, 2) + infe) +
      full_box("iref", 0, box("dimg", big(1, 2) + big(1, 2) + big(std::uint32_t(part), 2))) +
      box("iprp", box("ipco", size) + ipma) + iloc + box("idat", data);
  const std::string file = box("ftyp", "heic" + big(0, 4) + "mif1heic") + full_box("meta", 0, meta);
  return {file.begin(), file.end()};
}

const std::string kGrid = std::string(4, '\0') + big(64, 2) + big(64, 2);  // one tile

}  // namespace

TEST_CASE("HEIC and AVIF decode as in another libheif or are named with the remedy",
          "[engine][image]") {
  // Versions of libheif interpolate halved colours differently.
  const std::vector<std::pair<std::string, double>> files = {
      {"still.heic", 3}, {"chroma444.heic", 1}, {"alpha.heic", 3}, {"grey.heic", 1},
      {"deep.heic", 3},  {"turned.heic", 3},    {"grid.heic", 3},  {"still.avif", 3},
      {"alpha.avif", 3}, {"grey.avif", 1}};
  for (const auto& [name, tolerance] : files) {
    INFO(name);
    if (!decodes_heif()) {
      CHECK_THAT(rejection(heif_bytes(name)),
                 ContainsSubstring("which is not supported; save it as JPEG, PNG"));
      continue;
    }
    std::string expected = name;
    expected[expected.find('.')] = '_';
    CHECK(mean_difference(decode_image(heif_bytes(name)),
                          decode_image(heif_bytes(expected + "_expected.png"))) <= tolerance);
  }
}

TEST_CASE("the list of formats names HEIC and AVIF where they are decoded", "[engine][image]") {
  const std::string formats = image_formats();
  CHECK((formats.find("HEIC") != formats.npos) == decodes_heif());
}

TEST_CASE("a HEIC or AVIF file that is cut off is rejected at every length", "[engine][image]") {
  if (!decodes_heif()) return;
  for (const char* name : {"still.heic", "alpha.heic", "grid.heic", "still.avif", "alpha.avif"}) {
    const Bytes whole = heif_bytes(name);
    std::string other;
    for (std::size_t length = 40; length < whole.size(); ++length) {
      const std::string error = rejection(Bytes(whole.begin(), whole.begin() + length));
      if (error.find("cut off") == std::string::npos) other = std::to_string(length) + ": " + error;
    }
    INFO(name);
    CHECK(other == "");
  }
}

TEST_CASE("HEIC and AVIF files with flipped bytes give an image or a FormatError",
          "[engine][image]") {
  if (!decodes_heif()) return;
  for (const char* name : {"still.heic", "alpha.heic", "turned.heic", "grid.heic", "alpha.avif"}) {
    const Bytes whole = heif_bytes(name);
    Rng rng(1);
    int rejected = 0;
    for (std::size_t at = 0; at < whole.size(); at += 3) {
      Bytes damaged = whole;
      damaged[at] ^= static_cast<std::uint8_t>(1 + rng.below(255));
      if (!rejection(damaged, {.max_pixels = 1 << 20}).empty()) ++rejected;
    }
    INFO(name);
    CHECK(rejected > 0);
  }
}

TEST_CASE("the size of a HEIC image is checked before it is decoded", "[engine][image]") {
  if (!decodes_heif()) return;
  CHECK(rejection(heif_bytes("still.heic"), {.max_pixels = 6143}) ==
        "the image is too large: 96x64 = 6144 pixels, the limit is 6143");
  CHECK(rejection(heif_bytes("grid.heic"), {.max_pixels = 7679}) ==
        "the image is too large: 96x80 = 7680 pixels, the limit is 7679");
  CHECK(rejection(heif_bytes("larger-than-its-header.heic")) ==
        "the HEIC file is damaged: its image data have more pixels than its header says");
}

TEST_CASE("an AVIF image of no bytes is rejected", "[engine][image]") {
  if (!decodes_heif()) return;
  Bytes file = heif_bytes("still.avif");
  const std::string text(file.begin(), file.end());
  // The length is the last number of the box "iloc", before the box "iinf".
  const std::size_t end = text.find("iinf") - 4;
  std::fill_n(file.begin() + std::ptrdiff_t(end) - 4, 4, std::uint8_t{0});
  // Its configuration has a header, which would be data enough.
  const std::size_t config = text.find("av1C");
  file[config + 3] = 'X';
  CHECK(rejection(file) != "");
  file[config + 3] = 'C';
  CHECK(rejection(file) == "the AVIF file is damaged: its image data are invalid");
}

TEST_CASE("a HEIC image that contains itself is rejected", "[engine][image]") {
  if (!decodes_heif()) return;
  for (const char* type : {"grid", "iden", "iovl"}) {
    INFO(type);
    CHECK_THAT(rejection(composed(type, 1, kGrid)), ContainsSubstring("is made of other images"));
  }
  CHECK_THAT(rejection(composed("grid", 7, kGrid)),
             ContainsSubstring("a part of its image is missing"));
}

TEST_CASE("several threads decode HEIC images at once", "[engine][image]") {
  if (!decodes_heif()) return;
  const Bytes file = heif_bytes("grid.heic");
  const Image alone = decode_image(file);
  std::vector<std::thread> threads;
  std::atomic<int> same = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int repeat = 0; repeat < 5; ++repeat) same += decode_image(file).rgb == alone.rgb;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(same == 20);
}
