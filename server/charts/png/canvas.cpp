#include "server/charts/png/canvas.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace fovea::server {
namespace {

void require(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS) {
    throw std::runtime_error(std::string("cannot draw the chart: ") +
                             cairo_status_to_string(status));
  }
}

// The length in bytes of the UTF-8 character at the start; 0 if it is invalid.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead < 0x80   ? 1
                           : lead < 0xC2 ? 0
                           : lead < 0xE0 ? 2
                           : lead < 0xF0 ? 3
                           : lead < 0xF5 ? 4
                                         : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong encodings, surrogates, and code points above U+10FFFF.
  const bool invalid = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
                       (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
  return invalid ? 0 : size;
}

// Replaces invalid bytes and control characters: after an invalid one cairo draws nothing more.
std::string sanitized(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const bool control = size == 1 && (text[0] < ' ' || text[0] == 0x7F);
    if (size == 0 || control) {
      clean += '?';
    } else {
      clean += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return clean;
}

cairo_status_t append(void* to, const unsigned char* bytes, unsigned int size) {
  try {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), size);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

}  // namespace

Canvas::Pixels::Pixels(std::size_t bytes)
    : bytes_(bytes),
      data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
  if (data_ == MAP_FAILED) throw std::runtime_error("cannot draw the chart: out of memory");
}

Canvas::Pixels::~Pixels() {
  munmap(data_, bytes_);
}

Canvas::Canvas(int width, int height, Colour background)
    : width_(width),
      height_(height),
      pixels_(std::size_t{4} * std::size_t(width) * std::size_t(height)),
      surface_(cairo_image_surface_create_for_data(pixels_.data(), CAIRO_FORMAT_RGB24, width,
                                                   height, 4 * width)),
      context_(cairo_create(surface_.get())) {
  require(cairo_status(context_.get()));
  // Without hinting, glyphs have the same shape at every size and position.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context_.get(), options);
  cairo_font_options_destroy(options);
  cairo_set_font_face(context_.get(), chart_font());
  cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
  fill({0, 0, double(width), double(height)}, background);
}

void Canvas::set_colour(Colour colour) {
  cairo_set_source_rgb(context_.get(), colour.r, colour.g, colour.b);
}

void Canvas::fill(const Box& box, Colour colour) {
  set_colour(colour);
  cairo_rectangle(context_.get(), box.x, box.y, box.w, box.h);
  cairo_fill(context_.get());
}

void Canvas::outline(const Box& box, Colour colour, double thickness) {
  set_colour(colour);
  cairo_set_line_width(context_.get(), thickness);
  cairo_rectangle(context_.get(), box.x, box.y, box.w, box.h);
  cairo_stroke(context_.get());
}

void Canvas::line(CurvePoint from, CurvePoint to, Colour colour, double thickness) {
  const CurvePoint points[] = {from, to};
  path(points, colour, thickness, false);
}

void Canvas::whisker(double x, double low, double high, double width, Colour colour,
                     double thickness) {
  line({x, low}, {x, high}, colour, thickness);
  for (const double y : {low, high})
    line({x - width / 2, y}, {x + width / 2, y}, colour, thickness);
}

void Canvas::path(std::span<const CurvePoint> points, Colour colour, double thickness,
                  bool dashed) {
  set_colour(colour);
  cairo_set_line_width(context_.get(), thickness);
  const double dash[] = {4 * thickness, 3 * thickness};
  cairo_set_dash(context_.get(), dash, dashed ? 2 : 0, 0);
  for (const CurvePoint& point : points) cairo_line_to(context_.get(), point.x, point.y);
  cairo_stroke(context_.get());
  cairo_set_dash(context_.get(), nullptr, 0, 0);
}

void Canvas::dot(CurvePoint at, double radius, Colour colour) {
  set_colour(colour);
  cairo_arc(context_.get(), at.x, at.y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(context_.get());
}

void Canvas::text(std::string_view text, CurvePoint at, double size, Colour colour, Align align,
                  double degrees) {
  const std::string clean = sanitized(text);
  const double width = align == Align::left ? 0 : text_width(clean, size);
  set_colour(colour);
  cairo_save(context_.get());
  cairo_translate(context_.get(), at.x, at.y);
  cairo_rotate(context_.get(), -degrees * std::numbers::pi / 180);
  cairo_move_to(context_.get(), align == Align::centre ? -width / 2 : -width, 0);
  cairo_set_font_size(context_.get(), size);
  // Filled as a path: cairo_show_text() would move the glyphs to whole pixels.
  cairo_text_path(context_.get(), clean.c_str());
  cairo_fill(context_.get());
  cairo_restore(context_.get());
}

double Canvas::text_width(std::string_view text, double size) {
  cairo_set_font_size(context_.get(), size);
  cairo_text_extents_t extents;
  cairo_text_extents(context_.get(), sanitized(text).c_str(), &extents);
  return extents.x_advance;
}

std::string Canvas::truncated(std::string_view text, double size, double width) {
  constexpr std::size_t kMaxBytes = 1000;  // more than any line can show
  std::string clean = sanitized(text.substr(0, kMaxBytes));
  if (text.size() <= kMaxBytes && text_width(clean, size) <= width) return clean;
  std::vector<std::size_t> ends{0};  // byte offsets after 0, 1, 2 ... characters
  while (ends.back() < clean.size()) {
    ends.push_back(ends.back() + character_size(std::string_view(clean).substr(ends.back())));
  }
  const auto cut = [&](std::size_t characters) {
    return clean.substr(0, ends[characters]) + "...";
  };
  // Binary search for the largest number of characters that fits.
  std::size_t fits = 0, too_many = ends.size();
  while (too_many - fits > 1) {
    const std::size_t middle = (fits + too_many) / 2;
    (text_width(cut(middle), size) <= width ? fits : too_many) = middle;
  }
  return fits == 0 ? std::string() : cut(fits);
}

void Canvas::image(const Image& image, CurvePoint at) {
  const int stride = cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, image.width);
  std::vector<std::uint32_t> pixels(std::size_t(stride) / 4 * std::size_t(image.height));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::uint8_t* rgb = &image.rgb[3 * i];
    pixels[i] = std::uint32_t{rgb[0]} << 16 | std::uint32_t{rgb[1]} << 8 | rgb[2];
  }
  const std::unique_ptr<cairo_surface_t, Release> source(
      cairo_image_surface_create_for_data(reinterpret_cast<unsigned char*>(pixels.data()),
                                          CAIRO_FORMAT_RGB24, image.width, image.height, stride));
  const double x = std::round(at.x), y = std::round(at.y);
  cairo_set_source_surface(context_.get(), source.get(), x, y);
  cairo_rectangle(context_.get(), x, y, image.width, image.height);
  cairo_fill(context_.get());
  set_colour({});  // releases the reference to `source`
}

std::string Canvas::png() const {
  require(cairo_status(context_.get()));
  std::string bytes;
  require(cairo_surface_write_to_png_stream(surface_.get(), append, &bytes));
  return bytes;
}

}  // namespace fovea::server
