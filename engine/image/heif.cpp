#include <libheif/heif.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/image/formats.h"
#include "engine/image/heif_codecs.h"
#include "engine/image/heif_file.h"

namespace fovea::formats {
namespace {

using Context = std::unique_ptr<heif_context, void (*)(heif_context*)>;
using Handle = std::unique_ptr<const heif_image_handle, void (*)(const heif_image_handle*)>;
using Frame = std::unique_ptr<const heif_image, void (*)(const heif_image*)>;

[[noreturn]] void fail(const std::string& kind, const heif_error& error) {
  switch (error.code) {
    case heif_error_Unsupported_feature:
    case heif_error_Unsupported_filetype:
      unsupported(kind, "uses a feature that libheif " + std::string(heif_get_version()) +
                            " does not have (error " + std::to_string(error.code) + "." +
                            std::to_string(error.subcode) + ")");
    case heif_error_Memory_allocation_error:
      throw FormatError("the " + kind + " file takes too much memory to decode");
    default:
      if (error.subcode == heif_suberror_End_of_data) cut_off(kind, "its image data end too early");
      throw FormatError("the " + kind + " file is damaged (error " + std::to_string(error.code) +
                        "." + std::to_string(error.subcode) + " of libheif)");
  }
}

void require(const std::string& kind, const heif_error& error) {
  if (error.code != heif_error_Ok) fail(kind, error);
}

// The context refers to the bytes.
Context open(const std::string& kind, Bytes file) {
  Context context(heif_context_alloc(), heif_context_free);
  if (!context) throw FormatError("there is not enough memory to decode the " + kind + " file");
  heif_context_set_max_decoding_threads(context.get(), 0);  // in this thread
  // check_size() has other limits, and says which.
  heif_context_set_maximum_image_size_limit(context.get(), 1 << 24);
  require(kind, heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(),
                                                           nullptr));
  return context;
}

Handle image_of(const std::string& kind, const Context& context, heif_item_id id) {
  heif_image_handle* handle = nullptr;
  require(kind, heif_context_get_image_handle(context.get(), id, &handle));
  return {handle, heif_image_handle_release};
}

// The auxiliary images of an image that hold its opacity: at most one in a valid file.
std::vector<heif_item_id> opacities(const Handle& handle) {
  constexpr std::string_view kTypes[] = {"urn:mpeg:avc:2015:auxid:1", "urn:mpeg:hevc:2015:auxid:1",
                                         "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"};
  std::vector<heif_item_id> ids(
      std::size_t(std::max(0, heif_image_handle_get_number_of_auxiliary_images(handle.get(), 0))));
  heif_image_handle_get_list_of_auxiliary_image_IDs(handle.get(), 0, ids.data(),
                                                    static_cast<int>(ids.size()));
  std::erase_if(ids, [&](heif_item_id id) {
    heif_image_handle* image = nullptr;
    const char* type = nullptr;
    if (heif_image_handle_get_auxiliary_image_handle(handle.get(), id, &image).code != 0)
      return true;
    heif_image_handle_get_auxiliary_type(image, &type);
    const bool opacity =
        type && std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
    if (type) heif_image_handle_free_auxiliary_types(image, &type);
    heif_image_handle_release(image);
    return !opacity;
  });
  return ids;
}

Frame decode(const std::string& kind, const Handle& handle, std::int64_t pixels,
             heif_colorspace space, heif_chroma chroma) {
  // A coded frame is larger than its image by up to 63 pixels in each direction, a grid of tiles
  // by up to a tile.
  constexpr std::int64_t kMargin = 1 << 22;
  HeifWork work(2 * pixels + kMargin);
  const std::unique_ptr<heif_decoding_options, void (*)(heif_decoding_options*)> options(
      heif_decoding_options_alloc(), heif_decoding_options_free);
  if (options) {
    options->convert_hdr_to_8bit = 1;
    options->strict_decoding = 1;
    options->ignore_transformations = 1;
  }
  heif_image* image = nullptr;
  const heif_error error = heif_decode_image(handle.get(), &image, space, chroma, options.get());
  Frame frame(image, heif_image_release);
  if (!work.problem().empty()) {
    throw FormatError("the " + kind + " file is damaged: " + work.problem());
  }
  require(kind, error);
  return frame;
}

Image rgb_of(const std::string& kind, const Frame& frame, const DecodeLimits& limits) {
  const int width = heif_image_get_primary_width(frame.get());
  const int height = heif_image_get_primary_height(frame.get());
  check_size(width, height, limits);
  int stride = 0;
  const std::uint8_t* rows =
      heif_image_get_plane_readonly(frame.get(), heif_channel_interleaved, &stride);
  if (!rows) throw FormatError("the " + kind + " file is damaged: its image has no colours");
  Image image{width, height, {}};
  const std::size_t row = std::size_t(width) * 3;
  image.rgb.resize(row * std::size_t(height));
  for (int y = 0; y < height; ++y) {
    std::copy_n(rows + std::ptrdiff_t(y) * stride, row, &image.rgb[std::size_t(y) * row]);
  }
  return image;
}

// Blends the image with white. Premultiplied samples are already multiplied with their opacity.
void blend(const std::string& kind, Image& image, const Frame& opacity, bool premultiplied) {
  const bool mono = heif_image_get_colorspace(opacity.get()) == heif_colorspace_monochrome;
  const heif_channel channel = mono ? heif_channel_Y : heif_channel_G;
  const int bits = heif_image_get_bits_per_pixel_range(opacity.get(), channel);
  int stride = 0;
  const std::uint8_t* rows = heif_image_get_plane_readonly(opacity.get(), channel, &stride);
  if (!rows || bits < 8 || bits > 16 ||
      heif_image_get_width(opacity.get(), channel) != image.width ||
      heif_image_get_height(opacity.get(), channel) != image.height) {
    throw FormatError("the " + kind + " file is damaged: its opacity has another size");
  }
  std::uint8_t* pixel = image.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* row = rows + std::ptrdiff_t(y) * stride;
    for (int x = 0; x < image.width; ++x, pixel += 3) {
      // Samples of more than 8 bits have two bytes, in the order of the machine.
      const int alpha = bits == 8 ? row[x] : (row[2 * x] | row[2 * x + 1] << 8) >> (bits - 8);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = premultiplied ? static_cast<std::uint8_t>(std::min(255, pixel[c] + 255 - alpha))
                                 : on_white(pixel[c], alpha);
      }
    }
  }
}

}  // namespace

Image decode_heif(Bytes file, const std::string& kind, const DecodeLimits& limits) {
  register_heif_codecs();
  const HeifFile structure(file, kind);
  const Context whole = open(kind, file);
  const Handle main = image_of(kind, whole, structure.primary());
  // The size before it is rotated and cropped.
  const int width = heif_image_handle_get_ispe_width(main.get());
  const int height = heif_image_handle_get_ispe_height(main.get());
  check_size(width, height, limits);
  const std::int64_t pixels = std::int64_t{width} * height;
  structure.check_image(structure.primary(), pixels);

  const std::vector<std::uint8_t> separate = structure.with_separate_opacity();
  const Context context = open(kind, separate);
  Image image = rgb_of(kind,
                       decode(kind, image_of(kind, context, structure.primary()), pixels,
                              heif_colorspace_RGB, heif_chroma_interleaved_RGB),
                       limits);
  for (const heif_item_id id : opacities(main)) {
    structure.check_image(id, pixels);
    blend(kind, image,
          decode(kind, image_of(kind, context, id), pixels, heif_colorspace_undefined,
                 heif_chroma_undefined),
          heif_image_handle_is_premultiplied_alpha(main.get()) != 0);
  }
  image = structure.transform(std::move(image));
  check_size(image.width, image.height, limits);
  return image;
}

}  // namespace fovea::formats
