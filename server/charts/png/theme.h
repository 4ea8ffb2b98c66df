#pragma once

#include <array>

#include "server/charts/png/canvas.h"

namespace fovea::server {

// Colours of a chart. The colours of series also differ in lightness, for colour-blind readers;
// text and axes have a contrast ratio of at least 4.5 to the background (WCAG AA).
struct Theme {
  Colour background, text, muted, grid, other;  // muted: axes, notes; other: a curve among many
  Colour correct, wrong;                        // full shades of a heat map
  Colour red, green, blue;                      // of colour channels
  std::array<Colour, 10> series;
};

constexpr Colour rgb(int hex) {
  return {(hex >> 16 & 255) / 255.0, (hex >> 8 & 255) / 255.0, (hex & 255) / 255.0};
}

constexpr Theme kLight{rgb(0xffffff),
                       rgb(0x1b1f24),
                       rgb(0x59636e),
                       rgb(0xe3e7eb),
                       rgb(0xb9c0c8),
                       rgb(0x1f6fb8),
                       rgb(0xd1570a),
                       rgb(0xd13438),
                       rgb(0x2e8b45),
                       rgb(0x2f6fd0),
                       {rgb(0x1f6fb8), rgb(0xe07b00), rgb(0x2e8b45), rgb(0xc4314b), rgb(0x7a52c7),
                        rgb(0x8a5a3c), rgb(0xd65fa4), rgb(0x5f6b7a), rgb(0x8f8f00), rgb(0x0e9aa7)}};

constexpr Theme kDark{rgb(0x14181d),
                      rgb(0xe8ebee),
                      rgb(0xa3adb8),
                      rgb(0x2b323a),
                      rgb(0x59636e),
                      rgb(0x4a9eea),
                      rgb(0xf08a3c),
                      rgb(0xf06a6e),
                      rgb(0x5fc27a),
                      rgb(0x6ba3f5),
                      {rgb(0x5aa9ee), rgb(0xf5a742), rgb(0x5fc27a), rgb(0xf0707f), rgb(0xb094f0),
                       rgb(0xc79a80), rgb(0xf094c8), rgb(0xb0bac6), rgb(0xcccc55), rgb(0x4fd0dc)}};

// Linear interpolation, `weight` from 0 (from) to 1 (to).
constexpr Colour mixed(Colour from, Colour to, double weight) {
  return {from.r + (to.r - from.r) * weight, from.g + (to.g - from.g) * weight,
          from.b + (to.b - from.b) * weight};
}

// The drawing context. All lengths are multiples of the font size.
struct Pen {
  Canvas& canvas;
  const Theme& theme;
  double font_size = 12;  // pixels
};

}  // namespace fovea::server
