#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <webp/decode.h>

#include "engine/core/error.h"
#include "engine/image/formats.h"

namespace fovea::formats {
namespace {

struct Chunk {
  std::string_view type;
  Bytes body;
  Bytes whole;  // with its header
};

std::string_view four_letters(Bytes bytes, std::size_t at) {
  return {reinterpret_cast<const char*>(bytes.data() + at), 4};
}

// The chunk at the start of `bytes`, which are at offset `at` of the file.
Chunk first_chunk(Bytes bytes, std::size_t at) {
  const std::size_t size = bytes.size() < 8 ? 0 : little32(bytes, 4);
  if (!std::all_of(bytes.begin(), bytes.begin() + 4, [](int c) { return c >= ' ' && c < 127; })) {
    damaged("WebP", at, "no chunk begins there");
  }
  if (bytes.size() < 8 || size > bytes.size() - 8) {
    cut_off("WebP", "it has " + std::to_string(bytes.size() < 8 ? 0 : bytes.size() - 8) + " of " +
                        std::to_string(size) + " bytes of the chunk at byte " + std::to_string(at));
  }
  const std::size_t padded = std::min(bytes.size(), 8 + size + size % 2);
  return {four_letters(bytes, 0), bytes.subspan(8, size), bytes.first(padded)};
}

// One image as libwebp reads it, and where it is on the canvas.
struct Frame {
  std::vector<std::uint8_t> file;
  int x = 0, y = 0;
  Size canvas;  // 0 x 0: that of the image
};

void append(std::vector<std::uint8_t>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void put_little(std::vector<std::uint8_t>& out, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
std::size_t little24(Bytes bytes, std::size_t at) {
  return little16(bytes, at) | std::size_t{bytes[at + 2]} << 16;
}

// A file that holds only the given chunks. The header VP8X is needed for an ALPH chunk.
std::vector<std::uint8_t> still_image(Bytes chunks, std::size_t width, std::size_t height) {
  std::vector<std::uint8_t> file = {'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P'};
  append(file, std::vector<std::uint8_t>{'V', 'P', '8', 'X', 10, 0, 0, 0, 0x10, 0, 0, 0});
  put_little(file, width - 1, 3);
  put_little(file, height - 1, 3);
  append(file, chunks);
  for (int i = 0; i < 4; ++i)
    file[4 + std::size_t(i)] = static_cast<std::uint8_t>((file.size() - 8) >> (8 * i));
  return file;
}

// The first frame of an animation: an ANMF chunk with its place, its size and its chunks.
Frame read_animation_frame(Bytes body, std::size_t at) {
  if (body.size() < 16) damaged("WebP", at, "an invalid frame");
  Frame frame;
  frame.x = static_cast<int>(little24(body, 0) * 2);
  frame.y = static_cast<int>(little24(body, 3) * 2);
  frame.file = still_image(body.subspan(16), little24(body, 6) + 1, little24(body, 9) + 1);
  return frame;
}

Frame read_file(Bytes file) {
  if (file.size() < 12) cut_off("WebP", "it has " + std::to_string(file.size()) + " bytes");
  const std::uint64_t end = std::uint64_t{little32(file, 4)} + 8;
  if (end > file.size()) {
    cut_off("WebP",
            "it has " + std::to_string(file.size()) + " of " + std::to_string(end) + " bytes");
  }
  file = file.first(end);
  Frame frame;
  bool animated = false;
  // WebP has no checksums. That all chunks fit shows at least that nothing was inserted or deleted.
  for (std::size_t at = 12; at + 8 <= end;) {
    const Chunk chunk = first_chunk(file.subspan(at), at);
    if (chunk.type == "VP8X" && chunk.body.size() >= 10) {
      animated = (chunk.body[0] & 2) != 0;
      frame.canvas = {static_cast<int>(little24(chunk.body, 4) + 1),
                      static_cast<int>(little24(chunk.body, 7) + 1)};
    } else if (frame.file.empty() && chunk.type == "ANMF") {
      const Size canvas = frame.canvas;
      frame = read_animation_frame(chunk.body, at);
      frame.canvas = canvas;
    } else if (frame.file.empty() && !animated && (chunk.type == "VP8 " || chunk.type == "VP8L")) {
      frame.file.assign(file.begin(), file.end());
    }
    at += chunk.whole.size();
  }
  if (frame.file.empty()) throw FormatError("the WebP file holds no image");
  return frame;
}

[[noreturn]] void fail(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      throw FormatError("there is not enough memory to decode the WebP file");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      cut_off("WebP", "its image data end too early");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      unsupported("WebP", "has a feature of a later version");
    default:
      throw FormatError("the WebP file is damaged: its image data are invalid");
  }
}

}  // namespace

Image decode_webp(Bytes file, const DecodeLimits& limits) {
  const Frame frame = read_file(file);
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw FormatError("libwebp has another version");
  VP8StatusCode status = WebPGetFeatures(frame.file.data(), frame.file.size(), &config.input);
  if (status != VP8_STATUS_OK) fail(status);
  const int width = config.input.width, height = config.input.height;
  check_size(width, height, limits);
  const Size canvas{std::max(frame.canvas.width, frame.x + width),
                    std::max(frame.canvas.height, frame.y + height)};
  check_size(canvas.width, canvas.height, limits);
  config.output.colorspace = config.input.has_alpha ? MODE_RGBA : MODE_RGB;
  status = WebPDecode(frame.file.data(), frame.file.size(), &config);
  const std::unique_ptr<WebPDecBuffer, void (*)(WebPDecBuffer*)> free(&config.output,
                                                                      WebPFreeDecBuffer);
  if (status != VP8_STATUS_OK) fail(status);
  Image image{
      canvas.width, canvas.height,
      std::vector<std::uint8_t>(std::size_t(canvas.width) * std::size_t(canvas.height) * 3, 255)};
  const std::size_t channels = config.input.has_alpha ? 4 : 3;
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* from =
        config.output.u.RGBA.rgba + std::ptrdiff_t(y) * config.output.u.RGBA.stride;
    std::uint8_t* to =
        &image.rgb[(std::size_t(frame.y + y) * std::size_t(canvas.width) + std::size_t(frame.x)) *
                   3];
    for (int x = 0; x < width; ++x, from += channels, to += 3) {
      for (int c = 0; c < 3; ++c) to[c] = channels == 4 ? on_white(from[c], from[3]) : from[c];
    }
  }
  return image;
}

}  // namespace fovea::formats
