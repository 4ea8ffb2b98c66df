#include "engine/image/heif_codecs.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/image/heif_frame.h"

namespace fovea::formats {
namespace {

thread_local HeifWork* t_work = nullptr;

}  // namespace

heif_error failed(const char* problem) {
  if (t_work) t_work->fail(problem);
  return {heif_error_Decoder_plugin_error, heif_suberror_Unspecified, problem};
}

bool take_pixels(std::int64_t pixels) {
  return t_work && t_work->take(pixels);
}

std::int64_t pixels_left() {
  return t_work ? t_work->pixels_left() : 0;
}

heif_error make_image(heif_chroma chroma, const std::vector<Plane>& planes, const Colours& colours,
                      heif_image** out) {
  const heif_colorspace space =
      chroma == heif_chroma_monochrome ? heif_colorspace_monochrome : heif_colorspace_YCbCr;
  heif_image* made = nullptr;
  heif_error error = heif_image_create(planes[0].width, planes[0].height, space, chroma, &made);
  std::unique_ptr<heif_image, void (*)(const heif_image*)> image(made, heif_image_release);
  for (const Plane& plane : planes) {
    if (error.code != heif_error_Ok) return error;
    error = heif_image_add_plane(made, plane.channel, plane.width, plane.height, plane.bits);
    int stride = 0;
    std::uint8_t* to = heif_image_get_plane(made, plane.channel, &stride);
    if (error.code != heif_error_Ok || !to) return failed(kNoMemory);
    const std::size_t bytes = std::size_t(plane.width) * (plane.bits > 8 ? 2 : 1);
    for (int y = 0; y < plane.height; ++y) {
      std::memcpy(to + std::ptrdiff_t(y) * stride, plane.data + y * plane.stride, bytes);
    }
  }
  // Values that libheif does not know stay at their defaults.
  if (heif_color_profile_nclx* profile = heif_nclx_color_profile_alloc()) {
    const auto code = [](int value) { return static_cast<std::uint16_t>(value); };
    heif_nclx_color_profile_set_color_primaries(profile, code(colours.primaries));
    heif_nclx_color_profile_set_transfer_characteristics(profile, code(colours.transfer));
    heif_nclx_color_profile_set_matrix_coefficients(profile, code(colours.matrix));
    profile->full_range_flag = colours.full_range;
    heif_image_set_nclx_color_profile(made, profile);
    heif_nclx_color_profile_free(profile);
  }
  *out = image.release();
  return kDone;
}

void register_heif_codecs() {
  static std::once_flag once;
  std::call_once(once, [] {
    heif_register_decoder_plugin(&kHevcDecoder);
    heif_register_decoder_plugin(&kAv1Decoder);
  });
}

HeifWork::HeifWork(std::int64_t pixels) : pixels_(pixels) {
  t_work = this;
}
HeifWork::~HeifWork() {
  t_work = nullptr;
}

bool HeifWork::take(std::int64_t pixels) {
  if (pixels > pixels_) return false;
  pixels_ -= pixels;
  return true;
}

void HeifWork::fail(const char* problem) {
  if (problem_.empty()) problem_ = problem;
}

}  // namespace fovea::formats
