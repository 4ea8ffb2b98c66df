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
  int width = 960, height = 640;  // pixels; letters grow with them
  bool dark = false;
};

// What stands around the plot.
struct Heading {
  std::string title, sentence, footer;
};

// The pixels of an image by its content hash; nothing when they are not at hand.
using LoadImage = std::function<std::optional<Image>(const std::string& sha256)>;

// A chart as a PNG file; the same bytes for the same chart, heading, size and images. Charts are
// drawn one after the other, whatever the number of threads. REQUIRES: a size within the bounds.
// Throws std::runtime_error when there is no memory for it, and what `load` throws.
std::string draw_chart(const Chart& chart, const Heading& heading, const DrawingSize& size,
                       const LoadImage& load);

}  // namespace fovea::server
