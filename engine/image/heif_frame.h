#pragma once

#include <libheif/heif.h>
#include <libheif/heif_plugin.h>

#include <cstddef>
#include <cstdint>
#include <vector>

// What the two decoders that are registered with libheif share.
namespace fovea::formats {

inline constexpr char kInvalid[] = "its image data are invalid";
inline constexpr char kTooMuch[] = "its image data have more pixels than its header says";
inline constexpr char kNoMemory[] = "there is not enough memory to decode it";
inline constexpr char kVideo[] = "its image data are those of a video";

inline constexpr heif_error kDone = {heif_error_Ok, heif_suberror_Unspecified, ""};

// Remembers the problem in the HeifWork of this thread. The text must be a constant.
heif_error failed(const char* problem);

// Takes pixels from the HeifWork of this thread: false when it has fewer.
bool take_pixels(std::int64_t pixels);
std::int64_t pixels_left();

// A plane of a decoded frame. Samples of more than 8 bits have two bytes.
struct Plane {
  heif_channel channel;
  int width, height, bits;
  const std::uint8_t* data;
  std::ptrdiff_t stride;  // bytes
};

// Numbers of ITU-T H.273.
struct Colours {
  int primaries, transfer, matrix;
  bool full_range;
};

// A copy in the form of libheif.
heif_error make_image(heif_chroma chroma, const std::vector<Plane>& planes, const Colours& colours,
                      heif_image** out);

// Above the priorities of libheif's own decoders, which are below 256.
constexpr int kPriority = 1000;
extern const heif_decoder_plugin kHevcDecoder;
extern const heif_decoder_plugin kAv1Decoder;

}  // namespace fovea::formats
