#pragma once

#include <cairo/cairo.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/eval/curves.h"
#include "engine/image/image.h"

namespace fovea::server {

struct Colour {
  double r = 0, g = 0, b = 0;
};

struct Box {
  double x = 0, y = 0, w = 0, h = 0;  // pixels, from the upper left corner
  double right() const { return x + w; }
  double bottom() const { return y + h; }
};

enum class Align { left, centre, right };

// A drawing surface; the only user of cairo. Coordinates are pixels from the upper left corner.
// Text is UTF-8; invalid bytes are drawn as '?'. Only one thread may use canvases at a time
// (chart_font()).
class Canvas {
 public:
  Canvas(int width, int height, Colour background);  // std::runtime_error if memory is exhausted

  int width() const { return width_; }
  int height() const { return height_; }

  void fill(const Box& box, Colour colour);
  void outline(const Box& box, Colour colour, double thickness);
  void line(CurvePoint from, CurvePoint to, Colour colour, double thickness);
  // An error bar from `low` to `high`, which are y positions, with end strokes of this width.
  void whisker(double x, double low, double high, double width, Colour colour, double thickness);
  void path(std::span<const CurvePoint> points, Colour colour, double thickness, bool dashed);
  void dot(CurvePoint at, double radius, Colour colour);
  // `at` is on the baseline; the text is rotated around it by `degrees` (90: upwards).
  void text(std::string_view text, CurvePoint at, double size, Colour colour,
            Align align = Align::left, double degrees = 0);
  double text_width(std::string_view text, double size);
  // The text, truncated with "..." if it is wider than `width`.
  std::string truncated(std::string_view text, double size, double width);
  void image(const Image& image, CurvePoint at);  // unscaled

  std::string png() const;  // the PNG file; std::runtime_error if any drawing operation failed

 private:
  // Memory from mmap, returned to the system when freed; the heap would keep it.
  class Pixels {
   public:
    explicit Pixels(std::size_t bytes);  // zeros
    ~Pixels();
    Pixels(const Pixels&) = delete;
    Pixels& operator=(const Pixels&) = delete;
    unsigned char* data() const { return static_cast<unsigned char*>(data_); }

   private:
    const std::size_t bytes_;
    void* const data_;
  };
  struct Release {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
    void operator()(cairo_t* context) const { cairo_destroy(context); }
  };
  void set_colour(Colour colour);

  const int width_, height_;
  const Pixels pixels_;  // of surface_
  std::unique_ptr<cairo_surface_t, Release> surface_;
  std::unique_ptr<cairo_t, Release> context_;
};

// DejaVu Sans, embedded in the program: charts look the same on every machine and need no installed
// fonts. Never freed. Throws std::runtime_error if FreeType cannot load it. Thread contract: only
// one thread may draw with it at a time.
cairo_font_face_t* chart_font();

}  // namespace fovea::server
