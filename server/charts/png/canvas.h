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

// An image to draw on, in pixels from the upper left corner; cairo's only user. Text is UTF-8,
// anything else in it becomes '?'. One thread at a time for all canvases (font.h).
class Canvas {
 public:
  Canvas(int width, int height, Colour background);  // throws std::runtime_error without memory

  int width() const { return width_; }
  int height() const { return height_; }

  void fill(const Box& box, Colour colour);
  void outline(const Box& box, Colour colour, double thickness);
  void line(CurvePoint from, CurvePoint to, Colour colour, double thickness);
  void path(std::span<const CurvePoint> points, Colour colour, double thickness, bool dashed);
  void dot(CurvePoint at, double radius, Colour colour);
  // `at` is on the base line; turned by `degrees` (90: upwards) around it.
  void text(std::string_view text, CurvePoint at, double size, Colour colour,
            Align align = Align::left, double degrees = 0);
  double text_width(std::string_view text, double size);
  // The text, or as much of it as fits with "..." behind.
  std::string fitting(std::string_view text, double size, double most);
  void image(const Image& image, CurvePoint at);  // pixel by pixel

  std::string png() const;  // throws std::runtime_error when anything went wrong until now

 private:
  // From the system and back to it at once: the heap would keep what the largest chart needed.
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
  void use(Colour colour);

  const int width_, height_;
  const Pixels pixels_;  // of surface_
  std::unique_ptr<cairo_surface_t, Release> surface_;
  std::unique_ptr<cairo_t, Release> context_;
};

}  // namespace fovea::server
