// Decodes files for tests/image/compare_decoders.py. Reads file names from stdin, one per line, and
// writes for each "ok WIDTH HEIGHT\n" and the RGB bytes, or "error TEXT\n".

#include <iostream>
#include <string>

#include "engine/core/file.h"
#include "engine/image/decode.h"

int main() {
  std::string name;
  while (std::getline(std::cin, name)) {
    try {
      const fovea::Image image = fovea::decode_image(fovea::read_file(name));
      std::cout << "ok " << image.width << ' ' << image.height << '\n';
      std::cout.write(reinterpret_cast<const char*>(image.rgb.data()),
                      static_cast<std::streamsize>(image.rgb.size()));
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << '\n';
    }
    std::cout.flush();
  }
}
