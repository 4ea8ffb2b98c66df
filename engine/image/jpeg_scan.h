#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Walks the Huffman codes of a JPEG scan without computing pixels, to find out whether all its
// image data are there (ITU-T T.81, annexes F and G). Internal to engine/image.
namespace fovea::formats {

// A Huffman table as in a DHT segment (T.81, B.2.4.2), with a table for short codes.
class HuffmanTable {
 public:
  // counts: the number of codes of 1 to 16 bits; values: sum of the counts. nullopt when the
  // counts need more codes than there are.
  static std::optional<HuffmanTable> make(std::span<const std::uint8_t> counts,
                                          std::span<const std::uint8_t> values);

  struct Code {
    int length = 0;  // 0: no code has these bits
    int value = 0;
  };
  // The code at the start of the next 16 bits.
  Code find(std::uint32_t bits) const;

  const std::vector<std::uint8_t>& definition() const { return definition_; }  // counts, values

 private:
  static constexpr int kFastBits = 9;
  std::vector<std::uint8_t> definition_;
  std::array<std::uint16_t, 1 << kFastBits> fast_{};  // length * 256 + value, 0 for longer codes
  std::array<std::uint32_t, 18> end_{};    // [length]: the first 16 bits that are beyond its codes
  std::array<std::int32_t, 17> offset_{};  // [length]: index of a value less its code
};

struct JpegComponent {
  int id = 0;
  int h = 1, v = 1;                    // sampling factors
  int quantization = 0;                // number of its table
  int blocks_x = 0, blocks_y = 0;      // blocks that hold pixels of the image
  int stored_x = 0, stored_y = 0;      // with those that fill up the last MCUs
  std::vector<std::uint64_t> nonzero;  // progressive: bit k = coefficient k of a block is not zero
};

// One scan: its components in the order of the scan header and the coefficients that it has.
struct JpegScan {
  struct Part {
    JpegComponent* component = nullptr;
    const HuffmanTable* dc = nullptr;  // null when the scan does not use it
    const HuffmanTable* ac = nullptr;
    int dc_number = 0, ac_number = 0;  // 0 when the scan does not use it
  };
  std::vector<Part> parts;
  bool progressive = false;
  int first = 0, last = 63;  // of the coefficients, in zigzag order
  int high = 0, low = 0;     // successive approximation: bit positions before and of this scan
  int mcus_x = 0, mcus_y = 0;
  int restart_interval = 0;  // MCUs; 0 = none
};

// Checks the data of the scan that begin at `at`, and appends them to `out` without what does not
// belong to them: bytes between the data and the next marker, and repeated or old restart markers.
// Returns the offset of the marker behind the scan, or the size of the file. Throws FormatError
// when data are missing or invalid.
std::size_t check_jpeg_scan(std::span<const std::uint8_t> file, std::size_t at,
                            const JpegScan& scan, std::vector<std::uint8_t>& out);

// The offset of the next FF before a byte that is neither 00 nor FF, or the size of the file.
std::size_t find_jpeg_marker(std::span<const std::uint8_t> file, std::size_t at);

}  // namespace fovea::formats
