#pragma once

#include "engine/image/jpeg_scan.h"

namespace fovea::formats {

// The Huffman tables of ITU-T T.81, annex K.3.3: number 0 for luminance, 1 for chrominance.
HuffmanTable standard_huffman_table(bool ac, int number);

}  // namespace fovea::formats
