#include "server/text/numbers.h"

#include <charconv>

namespace fovea::server {

double shortest(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double wide = 0;
  std::from_chars(text, end, wide);
  return wide;
}

}  // namespace fovea::server
