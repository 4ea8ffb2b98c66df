#include "engine/image/file_kind.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace fovea {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::string_view view(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has_at(std::string_view file, std::size_t at, std::string_view magic) {
  return file.size() >= at && file.substr(at, magic.size()) == magic;
}

struct Signature {
  std::size_t at;
  std::string_view magic;
  std::string_view name;
};

using namespace std::string_view_literals;

// Image formats that other programs read, by their first bytes.
constexpr Signature kImages[] = {
    {0, "II*\0"sv, "a TIFF or raw camera image"},
    {0, "MM\0*"sv, "a TIFF or raw camera image"},
    {0, "II+\0"sv, "a BigTIFF image"},
    {0, "MM\0+"sv, "a BigTIFF image"},
    {0, "IIU\0"sv, "a raw camera image (RW2)"},
    {0, "IIRO"sv, "a raw camera image (ORF)"},
    {0, "FUJIFILMCCD-RAW"sv, "a raw camera image (RAF)"},
    {0, "\xFF\x0A"sv, "a JPEG XL image"},
    {4, "JXL \r\n\x87\n"sv, "a JPEG XL image"},
    {4, "jP  \r\n\x87\n"sv, "a JPEG 2000 image"},
    {0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000 image"},
    {0, "8BPS"sv, "a Photoshop document"},
    {0, "gimp xcf"sv, "a GIMP document"},
    {0, "\0\0\1\0"sv, "a Windows icon"},
    {0, "\0\0\2\0"sv, "a Windows cursor"},
    {0, "icns"sv, "an Apple icon"},
    {0, "DDS "sv, "a DDS texture"},
    {0, "qoif"sv, "a QOI image"},
    {0, "v/1\1"sv, "an OpenEXR image"},
    {0, "#?RADIANCE"sv, "a Radiance HDR image"},
    {0, "\xD7\xCD\xC6\x9A"sv, "a Windows metafile"},
    {40, " EMF"sv, "a Windows metafile"},
    {0, "%!PS"sv, "a PostScript document"},
    {0, "FLIF"sv, "a FLIF image"},
    {0, "BPG\xFB"sv, "a BPG image"},
    {0, "farbfeld"sv, "a farbfeld image"},
    {0, "SIMPLE  ="sv, "a FITS image"},
    {128, "DICM"sv, "a DICOM image"},
};

// Other files.
constexpr Signature kOthers[] = {
    {0, "%PDF"sv, "a PDF document"},
    {0, "PK\3\4"sv, "a zip archive (or a document in one)"},
    {0, "PK\5\6"sv, "an empty zip archive"},
    {0, "\x1F\x8B"sv, "a gzip archive"},
    {0, "BZh"sv, "a bzip2 archive"},
    {0,
     "\xFD"
     "7zXZ"sv,
     "an xz archive"},
    {0, "\x28\xB5\x2F\xFD"sv, "a Zstandard archive"},
    {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    {0, "Rar!\x1A\7"sv, "a RAR archive"},
    {257, "ustar"sv, "a tar archive"},
    {0, "\x1A\x45\xDF\xA3"sv, "a video (Matroska or WebM)"},
    {0, "FLV\1"sv, "a video (Flash)"},
    {0, "\0\0\1\xBA"sv, "a video (MPEG)"},
    {0, "\0\0\1\xB3"sv, "a video (MPEG)"},
    {0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, "a video (Windows Media)"},
    {0, "OggS"sv, "an Ogg audio or video file"},
    {0, "ID3"sv, "an audio file (MP3)"},
    {0, "fLaC"sv, "an audio file (FLAC)"},
    {0, "SQLite format 3\0"sv, "an SQLite database"},
    {0, "\x89HDF\r\n\x1A\n"sv, "an HDF5 file"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0,
     "\x7F"
     "ELF"sv,
     "a program"},
    {0, "MZ"sv, "a Windows program"},
    {0, "\0\5\x16\7"sv, "a macOS metadata file (AppleDouble)"},
    {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "a Microsoft Office document or thumbnail cache"},
};

constexpr std::string_view kHeic = "a HEIC image", kAvif = "an AVIF image";

bool is_iso_media(std::string_view file) {
  return has_at(file, 4, "ftyp") && file.size() >= 12;
}

// ISO base media files (ISO 14496-12) by their brands.
std::string_view iso_media(std::string_view file, bool& image) {
  image = true;
  const std::string_view brand = file.substr(8, 4);
  constexpr Signature kBrands[] = {
      {0, "avif"sv, kAvif}, {0, "avis"sv, kAvif}, {0, "heic"sv, kHeic},
      {0, "heix"sv, kHeic}, {0, "heim"sv, kHeic}, {0, "heis"sv, kHeic},
      {0, "hevc"sv, kHeic}, {0, "hevx"sv, kHeic}, {0, "crx "sv, "a raw camera image (CR3)"},
  };
  for (const Signature& known : kBrands) {
    if (brand == known.magic) return known.name;
  }
  if (brand == "mif1" || brand == "msf1") {  // the codec is among the compatible brands
    const std::string_view brands = file.substr(16, 64);
    return brands.find("avif") != brands.npos ? kAvif : kHeic;
  }
  image = false;
  return "a video (MP4 or QuickTime)";
}

std::string_view riff(std::string_view file) {
  if (has_at(file, 8, "AVI ")) return "a video (AVI)";
  if (has_at(file, 8, "WAVE")) return "an audio file (WAV)";
  return "a RIFF file";
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_base64(std::string_view text) {
  std::size_t letters = 0;
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter || c == '+' || c == '/' || c == '=' || c == '-' || c == '_') {
      ++letters;
    } else if (c != '\n' && c != '\r') {
      return false;
    }
  }
  return letters >= 16;
}

// The number of bytes of the UTF-8 character at the start of `text`; 0 when it is invalid.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// UTF-8 or UTF-16 without other control characters than text has. A few bytes may be of another
// encoding, such as Latin-1.
bool is_text(std::string_view text) {
  if (has_at(text, 0, "\xFF\xFE"sv) || has_at(text, 0, "\xFE\xFF"sv)) return true;
  std::size_t invalid = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x7F || (byte < 0x20 && (byte < '\t' || byte > '\r' || byte == '\v'))) return false;
    const std::size_t length = utf8_length(text.substr(i));
    invalid += length == 0;
    i += std::max<std::size_t>(length, 1);
  }
  return invalid * 4 <= text.size();
}

// What a file of text is; empty when it is none.
std::string_view text_kind(std::string_view file) {
  std::string_view text = file.substr(0, 1024);
  if (!is_text(text)) return {};
  if (has_at(text, 0, "\xEF\xBB\xBF"sv)) text.remove_prefix(3);
  while (!text.empty() && (text[0] <= ' ')) text.remove_prefix(1);
  const std::string start = lower_case(text);
  const auto begins = [&](std::string_view word) { return has_at(start, 0, word); };
  if (begins("version https://git-lfs")) return "lfs";
  if (begins("data:")) return "text (a data URL), not an image; decode its base64 first";
  if (start.find("<svg") != start.npos) return "svg";
  if (begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body")) {
    return "an HTML page, not an image; a web server may have sent it instead of the image";
  }
  if (begins("<?xml")) return "an XML document, not an image";
  if (begins("<")) return "HTML or XML text, not an image";
  if (begins("{") || begins("[")) return "JSON text, not an image";
  if (is_base64(text)) return "text (base64), not an image; decode it first";
  return "text, not an image";
}

bool is_netpbm(std::string_view file) {
  return file.size() > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '7' &&
         (file[2] == '\n' || file[2] == ' ' || file[2] == '\r' || file[2] == '#');
}

std::string unsupported_image(std::string_view name) {
  return "this is " + std::string(name) +
         ", which is not supported; save it as JPEG, PNG, WebP, GIF or BMP";
}
std::string no_image(std::string_view name) {
  return "this is " + std::string(name) + ", not an image";
}

}  // namespace

FileKind file_kind(Bytes bytes) {
  const std::string_view file = view(bytes);
  if (has_at(file, 0, "\xFF\xD8"sv)) return FileKind::jpeg;
  if (has_at(file, 0, "\x89PNG"sv)) return FileKind::png;
  if (has_at(file, 0, "GIF87a"sv) || has_at(file, 0, "GIF89a"sv)) return FileKind::gif;
  if (has_at(file, 0, "RIFF"sv) && has_at(file, 8, "WEBP"sv)) return FileKind::webp;
  // Two letters also begin a text, so the size of the header behind them has to be one.
  if (has_at(file, 0, "BM"sv) && (file.size() < 18 || (bytes[15] == 0 && bytes[16] == 0))) {
    return FileKind::bmp;
  }
  bool image = false;
  const std::string_view media = is_iso_media(file) ? iso_media(file, image) : "";
  if (media == kHeic) return FileKind::heic;
  if (media == kAvif) return FileKind::avif;
  return FileKind::other;
}

std::string describe_unsupported(Bytes bytes) {
  const std::string_view file = view(bytes);
  if (file.empty()) return "the file is empty";
  for (const Signature& known : kImages) {
    if (has_at(file, known.at, known.magic)) return unsupported_image(known.name);
  }
  for (const Signature& known : kOthers) {
    if (has_at(file, known.at, known.magic)) return no_image(known.name);
  }
  if (is_iso_media(file)) {
    bool image = false;
    const std::string_view name = iso_media(file, image);
    return image ? unsupported_image(name) : no_image(name);
  }
  if (has_at(file, 4, "moov") || has_at(file, 4, "mdat")) return no_image("a video (QuickTime)");
  if (has_at(file, 0, "RIFF") && file.size() >= 12) return no_image(riff(file));
  if (is_netpbm(file)) return unsupported_image("a Netpbm image (PPM, PGM, PBM)");
  const std::string_view text = text_kind(file);
  if (text == "lfs") {
    return "this is a Git LFS pointer, not the image; fetch the image with `git lfs pull`";
  }
  if (text == "svg") return unsupported_image("an SVG drawing");
  if (!text.empty()) return "this is " + std::string(text);
  if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; })) {
    return "the file holds only zero bytes, as after an interrupted copy";
  }
  std::string first;
  for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02X", byte);
    first += hex;
  }
  return "not a JPEG, PNG, WebP, GIF or BMP image: its first bytes are" + first;
}

}  // namespace fovea
