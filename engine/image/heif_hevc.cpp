#include <libde265/de265.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "engine/image/formats.h"
#include "engine/image/heif_frame.h"
#include "engine/image/heif_streams.h"

// HEVC by libde265.
namespace fovea::formats {
namespace {

// The memory of a frame, filled with a pattern: libde265 does not say which blocks it has
// decoded.
class HevcBuffer {
 public:
  // Called by libde265, with the size before cropping.
  static int allocate(de265_decoder_context* context, de265_image_spec* spec, de265_image* image,
                      void* buffer) {
    // libde265 takes this memory only for frames without the filter SAO. It is enabled again now
    // that the memory is taken.
    de265_set_parameter_bool(context, DE265_DECODER_PARAM_DISABLE_SAO, 0);
    return static_cast<HevcBuffer*>(buffer)->allocate(*spec, image);
  }
  static void release(de265_decoder_context*, de265_image*, void*) {}

  // Whether every block was decoded. The smallest have 16 x 16 pixels, at the edge of the frame
  // 8; the pixels 3 to 6 of a block that was not decoded are not filtered together with those of
  // its neighbours.
  bool complete() const {
    for (int y = 0; y < height_; y += 16) {
      for (int x = 0; x < width_; x += 16) {
        if (is_untouched(x, y)) return false;
      }
    }
    return height_ > 0;
  }

 private:
  static std::uint8_t pattern(std::size_t at) {
    return static_cast<std::uint8_t>(static_cast<std::uint32_t>(at) * 2654435761u >> 24);
  }

  bool is_untouched(int x, int y) const {
    for (int row = y + 3; row < y + 7; ++row) {
      const std::size_t begin = std::size_t(row) * row_bytes_ + std::size_t(x + 3) * sample_bytes_;
      for (std::size_t at = begin; at < begin + 4 * sample_bytes_; ++at) {
        if (planes_[0].get()[at] != pattern(at)) return false;
      }
    }
    return true;
  }

  int allocate(const de265_image_spec& spec, de265_image* image) {
    if (height_ > 0 || spec.width < 8 || spec.height < 8) return 0;
    const de265_chroma chroma = de265_get_chroma_format(image);
    for (int c = 0; c < (chroma == de265_chroma_mono ? 1 : 3); ++c) {
      const bool half_x = c > 0 && chroma != de265_chroma_444;
      const bool half_y = c > 0 && chroma == de265_chroma_420;
      const std::size_t step = std::size_t(std::max(spec.alignment, 16));
      const std::size_t width = (std::size_t(spec.width >> half_x) + step - 1) / step * step;
      const std::size_t row = width * (de265_get_bits_per_pixel(image, c) > 8 ? 2 : 1);
      const std::size_t bytes = (row * std::size_t(spec.height >> half_y) + 127) / 64 * 64;
      planes_[c].reset(static_cast<std::uint8_t*>(std::aligned_alloc(64, bytes)));
      if (!planes_[c]) return 0;
      for (std::size_t at = 0; at < bytes; ++at) planes_[c].get()[at] = pattern(at);
      de265_set_image_plane(image, c, planes_[c].get(), static_cast<int>(row), nullptr);
      if (c == 0) row_bytes_ = row;
    }
    sample_bytes_ = de265_get_bits_per_pixel(image, 0) > 8 ? 2 : 1;
    width_ = spec.width;
    height_ = spec.height;
    return 1;
  }

  std::unique_ptr<std::uint8_t, void (*)(void*)> planes_[3] = {
      {nullptr, std::free}, {nullptr, std::free}, {nullptr, std::free}};
  int width_ = 0, height_ = 0;
  std::size_t row_bytes_ = 0, sample_bytes_ = 1;
};

struct HevcDecoder {
  HevcBuffer buffer;  // outlives the context
  std::unique_ptr<de265_decoder_context, de265_error (*)(de265_decoder_context*)> context{
      de265_new_decoder(), de265_free_decoder};
  std::int64_t pixels = 0;  // of the largest frame that its headers describe
  int frames = 0;
};

heif_error new_hevc(void** out) {
  auto decoder = std::make_unique<HevcDecoder>();
  if (!decoder->context) return failed(kNoMemory);
  de265_decoder_context* context = decoder->context.get();
  // Frames may have a checksum.
  de265_set_parameter_bool(context, DE265_DECODER_PARAM_BOOL_SEI_CHECK_HASH, 1);
  de265_set_parameter_bool(context, DE265_DECODER_PARAM_DISABLE_SAO, 1);  // until it has memory
  de265_image_allocation memory = {HevcBuffer::allocate, HevcBuffer::release};
  de265_set_image_allocation_functions(context, &memory, &decoder->buffer);
  *out = decoder.release();
  return kDone;
}

void free_hevc(void* decoder) {
  delete static_cast<HevcDecoder*>(decoder);
}

// Gives libde265 the units of one intra frame, each behind its length.
heif_error push_hevc(void* to, const void* data, std::size_t size) {
  auto& decoder = *static_cast<HevcDecoder*>(to);
  const Bytes bytes(static_cast<const std::uint8_t*>(data), size);
  for (std::size_t at = 0; at < size;) {
    if (size - at < 4 || big32(bytes, at) > size - at - 4)
      return failed("its image data are cut off");
    const Bytes unit = bytes.subspan(at + 4, big32(bytes, at));
    at += 4 + unit.size();
    if (unit.size() < 3) return failed(kInvalid);
    const HevcUnit header = read_hevc_unit(unit);
    if (header.layer > 0) continue;  // a second view
    if (header.kind == HevcUnit::inter_slice) return failed(kVideo);
    if (header.kind == HevcUnit::sequence) {
      const std::optional<Size> frame = read_hevc_size(unit);
      if (!frame) return failed(kInvalid);
      const std::int64_t pixels = std::int64_t{frame->width} * frame->height;
      const std::int64_t more = std::max<std::int64_t>(0, pixels - decoder.pixels);
      if (!take_pixels(more)) return failed(kTooMuch);
      decoder.pixels += more;
    }
    decoder.frames += header.begins_frame;
    if (decoder.frames > 1) return failed("its image data hold several frames");
    de265_push_NAL(decoder.context.get(), unit.data(), static_cast<int>(unit.size()), 0, nullptr);
  }
  return kDone;
}

// Whether a warning of libde265 says nothing about the pixels.
bool is_harmless(de265_error warning) {
  return warning == DE265_WARNING_NO_WPP_CANNOT_USE_MULTITHREADING ||
         warning == DE265_WARNING_NUMBER_OF_THREADS_LIMITED_TO_MAXIMUM ||
         warning == DE265_WARNING_SPS_MISSING_CANNOT_DECODE_SEI ||
         warning == DE265_ERROR_CANNOT_PROCESS_SEI;
}

heif_error decode_hevc(void* from, heif_image** out) {
  const auto& decoder = *static_cast<HevcDecoder*>(from);
  de265_decoder_context* context = decoder.context.get();
  de265_flush_data(context);
  const de265_image* frame = nullptr;
  int more = 0;
  do {
    more = 0;
    if (de265_decode(context, &more) != DE265_OK) return failed(kInvalid);
    frame = de265_get_next_picture(context);
  } while (more && !frame);
  if (!frame) return failed(kInvalid);
  for (de265_error warning; (warning = de265_get_warning(context)) != DE265_OK;) {
    if (!is_harmless(warning)) return failed(kInvalid);
  }
  if (!decoder.buffer.complete()) return failed("parts of its image data are missing");
  std::vector<Plane> planes;
  const de265_chroma chroma = de265_get_chroma_format(frame);
  constexpr heif_channel kChannels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
  for (int c = 0; c < (chroma == de265_chroma_mono ? 1 : 3); ++c) {
    int stride = 0;
    const std::uint8_t* data = de265_get_image_plane(frame, c, &stride);
    const int width = de265_get_image_width(frame, c), height = de265_get_image_height(frame, c);
    const int bits = de265_get_bits_per_pixel(frame, c);
    if (width < 1 || height < 1) return failed(kInvalid);
    if (bits != de265_get_bits_per_pixel(frame, 0))
      return failed("its brightness and colour have different depths");
    planes.push_back({kChannels[c], width, height, bits, data, stride});
  }
  const Colours colours{
      de265_get_image_colour_primaries(frame), de265_get_image_transfer_characteristics(frame),
      de265_get_image_matrix_coefficients(frame), de265_get_image_full_range_flag(frame) != 0};
  return make_image(static_cast<heif_chroma>(chroma), planes, colours, out);
}

int hevc_priority(heif_compression_format format) {
  return format == heif_compression_HEVC ? kPriority : 0;
}
const char* hevc_name() {
  return "HEVC by libde265, in the calling thread";
}
void hevc_is_strict(void*, int) {}

}  // namespace

const heif_decoder_plugin kHevcDecoder = {
    3,         hevc_name, nullptr,     nullptr,        hevc_priority, new_hevc,
    free_hevc, push_hevc, decode_hevc, hevc_is_strict, "fovea-hevc"};

}  // namespace fovea::formats
