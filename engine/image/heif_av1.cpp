#include <dav1d/dav1d.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "engine/image/formats.h"
#include "engine/image/heif_frame.h"
#include "engine/image/heif_streams.h"

// AV1 by dav1d.
namespace fovea::formats {
namespace {

struct Av1Decoder {
  Dav1dContext* context = nullptr;
  Dav1dData data{};
  Dav1dPicture frame{};
  ~Av1Decoder() {
    if (frame.data[0]) dav1d_picture_unref(&frame);
    if (data.sz > 0) dav1d_data_unref(&data);
    if (context) dav1d_close(&context);
  }
};

heif_error new_av1(void** out) {
  auto decoder = std::make_unique<Av1Decoder>();
  Dav1dSettings settings;
  dav1d_default_settings(&settings);
  settings.n_threads = 1;
  settings.max_frame_delay = 1;
  settings.all_layers = 0;
  settings.logger.callback = nullptr;
  // 0 would be no limit.
  const std::int64_t pixels = pixels_left();
  settings.frame_size_limit = static_cast<unsigned>(
      std::clamp<std::int64_t>(pixels, 1, std::numeric_limits<unsigned>::max()));
  if (dav1d_open(&decoder->context, &settings) != 0) {
    return failed(kNoMemory);
  }
  *out = decoder.release();
  return kDone;
}

void free_av1(void* decoder) {
  delete static_cast<Av1Decoder*>(decoder);
}

heif_error push_av1(void* to, const void* data, std::size_t size) {
  auto& decoder = *static_cast<Av1Decoder*>(to);
  // A still frame has one frame, or one for each of up to four layers.
  const std::optional<int> frames =
      count_av1_frames({static_cast<const std::uint8_t*>(data), size});
  if (size == 0 || !frames || decoder.data.sz > 0) return failed(kInvalid);
  if (*frames > 4) return failed(kVideo);
  std::uint8_t* copy = dav1d_data_create(&decoder.data, size);
  if (!copy) return failed(kNoMemory);
  std::memcpy(copy, data, size);
  return kDone;
}

heif_error decode_av1(void* from, heif_image** out) {
  auto& decoder = *static_cast<Av1Decoder*>(from);
  // While dav1d has a frame to give, it does not take data.
  for (int result = DAV1D_ERR(EAGAIN); result == DAV1D_ERR(EAGAIN);) {
    const bool flushing = decoder.data.sz == 0;
    if (!flushing) {
      result = dav1d_send_data(decoder.context, &decoder.data);
      if (result < 0 && result != DAV1D_ERR(EAGAIN)) return failed(kInvalid);
    }
    result = dav1d_get_picture(decoder.context, &decoder.frame);
    if (result < 0 && (flushing || result != DAV1D_ERR(EAGAIN))) return failed(kInvalid);
  }
  const Dav1dPicture& frame = decoder.frame;
  if (!take_pixels(std::int64_t{frame.p.w} * frame.p.h)) return failed(kTooMuch);
  // How often the colours are halved, in x and y.
  const bool mono = frame.p.layout == DAV1D_PIXEL_LAYOUT_I400;
  const int x = frame.p.layout == DAV1D_PIXEL_LAYOUT_I444 ? 0 : 1;
  const int y = frame.p.layout == DAV1D_PIXEL_LAYOUT_I420 ? 1 : 0;
  const int width = frame.p.w, height = frame.p.h, bits = frame.p.bpc;
  const auto plane = [&](heif_channel channel, int c, int w, int h) {
    return Plane{channel,
                 w,
                 h,
                 bits,
                 static_cast<const std::uint8_t*>(frame.data[c]),
                 frame.stride[c > 0 ? 1 : 0]};
  };
  std::vector<Plane> planes = {plane(heif_channel_Y, 0, width, height)};
  if (!mono) {
    planes.push_back(plane(heif_channel_Cb, 1, (width + x) >> x, (height + y) >> y));
    planes.push_back(plane(heif_channel_Cr, 2, (width + x) >> x, (height + y) >> y));
  }
  const Dav1dSequenceHeader& header = *frame.seq_hdr;
  const Colours colours{header.pri, header.trc, header.mtrx, header.color_range != 0};
  const heif_chroma chroma = mono    ? heif_chroma_monochrome
                             : x < 1 ? heif_chroma_444
                             : y < 1 ? heif_chroma_422
                                     : heif_chroma_420;
  return make_image(chroma, planes, colours, out);
}

int av1_priority(heif_compression_format format) {
  return format == heif_compression_AV1 ? kPriority : 0;
}
const char* av1_name() {
  return "AV1 by dav1d, in the calling thread";
}
void av1_is_strict(void*, int) {}

}  // namespace

const heif_decoder_plugin kAv1Decoder = {3,          av1_name, nullptr,  nullptr,    av1_priority,
                                         new_av1,    free_av1, push_av1, decode_av1, av1_is_strict,
                                         "fovea-av1"};

}  // namespace fovea::formats
