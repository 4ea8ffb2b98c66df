#pragma once

#include <cairo/cairo.h>

namespace fovea::server {

// DejaVu Sans, which is inside the program: charts look the same wherever it runs, and need neither
// fonts nor fontconfig there. Owned here, for ever. Throws std::runtime_error when FreeType
// refuses. Thread contract: one thread draws with it at a time.
cairo_font_face_t* chart_font();

}  // namespace fovea::server
