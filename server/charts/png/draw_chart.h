#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/image/image.h"
#include "server/charts/chart.h"

namespace fovea::server {

struct DrawingSize {
  static constexpr int kMinWidth = 320, kMaxWidth = 2400;
  static constexpr int kMinHeight = 240, kMaxHeight = 1800;
  int width = 960, height = 640;  // pixels; the font size follows them
  bool dark = false;
};

// The text around the panels.
struct Heading {
  std::string title, sentence, footer;
};

// Loads an image by its content hash; nullopt if it is not available.
using LoadImage = std::function<std::optional<Image>(const std::string& sha256)>;

// Draws a chart as a PNG file. Deterministic: the same arguments give the same bytes. Any thread;
// charts are drawn one at a time. REQUIRES: the size is within the bounds of DrawingSize. Throws
// std::runtime_error if memory is exhausted, and what `load` throws.
std::string draw_chart(const Chart& chart, const Heading& heading, const DrawingSize& size,
                       const LoadImage& load);

}  // namespace fovea::server
