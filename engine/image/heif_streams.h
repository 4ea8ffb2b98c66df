#pragma once

#include <optional>

#include "engine/image/formats.h"

// Headers of the coded images in HEIC and AVIF files, as far as decoding has to be limited by them.
// Functions never read outside their bytes.
namespace fovea::formats {

// A network abstraction layer unit of HEVC (ITU-T H.265, 7.3.1.2), of at least 3 bytes.
struct HevcUnit {
  enum Kind { sequence, intra_slice, inter_slice, other } kind = other;
  int layer = 0;
  bool begins_frame = false;
};
HevcUnit read_hevc_unit(Bytes unit);

// The size of the frames that a sequence parameter set describes (7.3.2.2), before it is cropped.
// Nothing when it is damaged.
std::optional<Size> read_hevc_size(Bytes unit);

// The number of frames in open bitstream units of AV1 (AV1 specification, 5.3). Nothing when they
// are damaged.
std::optional<int> count_av1_frames(Bytes stream);

}  // namespace fovea::formats
