#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/image/formats.h"

namespace fovea::formats {

// The type of a box or an item as a number.
constexpr std::uint32_t box_type(const char (&letters)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(letters[i]);
  return value;
}

// The items of a HEIC or AVIF file (ISO 14496-12, 23008-12). libheif reads them again; this class
// rejects before what libheif 1.15 does not: files that are cut off, images that contain
// themselves, and grids larger than the image. Every function throws FormatError.
class HeifFile {
 public:
  // `kind` is "HEIC" or "AVIF". The bytes must outlive the object.
  HeifFile(Bytes file, std::string kind);

  std::uint32_t primary() const { return primary_; }

  // Checks that an image is coded, or a grid of coded images, of HEVC or AV1, that all its data are
  // in the file, and that a grid has at most `max_pixels`.
  void check_image(std::uint32_t id, std::int64_t max_pixels) const;

  // Rotates, mirrors and crops the decoded main image as its properties say. libheif would do so,
  // too, but it mirrors only 8 bits, and an opacity only if it repeats these properties, which
  // libavif leaves out.
  Image transform(Image image) const;

  // The file with its opacity as separate images, which the caller blends. libheif 1.15 reads
  // outside memory when an opacity is smaller than its image.
  std::vector<std::uint8_t> with_separate_opacity() const;

 private:
  struct Box {
    std::uint32_t type = 0;
    std::size_t at = 0, begin = 0, end = 0;  // the header, the contents
  };
  struct Part {
    std::uint64_t offset = 0, length = 0;
  };
  struct Item {
    std::uint32_t type = 0;
    bool in_file = true;  // or in the box "idat"
    bool parts_known = false;
    std::vector<Part> parts;
    std::vector<std::uint32_t> made_of;  // the images of a grid
  };

  std::uint64_t number(std::size_t& at, std::size_t size, std::size_t end) const;
  std::vector<Box> boxes(std::size_t begin, std::size_t end) const;
  void read_meta(std::size_t begin, std::size_t end);
  void read_types(const Box& box);
  void read_references(const Box& box);
  void read_parts(const Box& box);
  void read_properties(const Box& box);
  void read_property_lists(const Box& box);
  Image crop(const Image& image, const Box& property) const;
  void check_coded(std::uint32_t id) const;
  void check_parts(const Item& item) const;
  std::int64_t grid_pixels(const Item& item) const;

  Bytes file_;
  std::string kind_;
  std::uint32_t primary_ = 0;
  std::map<std::uint32_t, Item> items_;
  std::vector<Box> properties_;                                       // "ipco"
  std::map<std::uint32_t, std::vector<std::size_t>> property_lists_;  // "ipma", counted from 1
  Box data_;                                                          // "idat"
  std::vector<std::size_t> opacity_types_;  // where the references "auxl" have their type
};

}  // namespace fovea::formats
