#include "server/charts/png/canvas.h"

#include <cairo/cairo-ft.h>
#include <ft2build.h>

#include <stdexcept>

#include FT_FREETYPE_H

// FOVEA_FONT is the path of the font file (server/CMakeLists.txt), which the assembler embeds.
asm(".section .rodata\n.balign 16\nfovea_font_begin:\n.incbin \"" FOVEA_FONT
    "\"\nfovea_font_end:\n.byte 0\n.text\n");
extern "C" const unsigned char kFontBegin[] asm("fovea_font_begin");
extern "C" const unsigned char kFontEnd[] asm("fovea_font_end");

namespace fovea::server {
namespace {

cairo_font_face_t* open_font() {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  if (FT_Init_FreeType(&library) != 0 ||
      FT_New_Memory_Face(library, kFontBegin, kFontEnd - kFontBegin, 0, &face) != 0) {
    throw std::runtime_error("cannot load the chart font");
  }
  return cairo_ft_font_face_create_for_ft_face(face, 0);
}

}  // namespace

cairo_font_face_t* chart_font() {
  // Never freed: cairo caches data derived from it.
  static cairo_font_face_t* const font = open_font();
  return font;
}

}  // namespace fovea::server
