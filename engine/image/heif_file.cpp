#include "engine/image/heif_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/core/error.h"

namespace fovea::formats {
namespace {

constexpr std::size_t kMaxItems = 20'000;  // as libheif

bool is_coded(std::uint32_t type) {
  return type == box_type("hvc1") || type == box_type("av01");
}
bool is_derived(std::uint32_t type) {
  return type == box_type("grid") || type == box_type("iden") || type == box_type("iovl");
}

}  // namespace

HeifFile::HeifFile(Bytes file, std::string kind) : file_(file), kind_(std::move(kind)) {
  bool found = false;
  for (const Box& box : boxes(0, file.size())) {
    if (box.type != box_type("meta")) continue;
    if (found) damaged(kind_, box.at, "a second description of its images");
    read_meta(box.begin, box.end);
    found = true;
  }
  if (!found) unsupported(kind_, "holds no still image");
  if (items_.find(primary_) == items_.end()) {
    throw FormatError("the " + kind_ + " file is damaged: its main image is missing");
  }
}

// The number of `size` bytes at `at`, which moves behind it.
std::uint64_t HeifFile::number(std::size_t& at, std::size_t size, std::size_t end) const {
  if (at > end || end - at < size) damaged(kind_, at, "a box is shorter than its contents");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | file_[at++];
  return value;
}

std::vector<HeifFile::Box> HeifFile::boxes(std::size_t begin, std::size_t end) const {
  std::vector<Box> found;
  for (std::size_t at = begin; at < end;) {
    Box box;
    box.at = at;
    box.begin = at;
    const std::uint64_t rest = end - at;
    if (rest < 8 && end == file_.size()) cut_off(kind_, "it ends inside the header of a box");
    std::uint64_t size = number(box.begin, 4, end);
    box.type = static_cast<std::uint32_t>(number(box.begin, 4, end));
    if (size == 1) size = number(box.begin, 8, end);
    if (size == 0) size = rest;  // to the end
    if (size > rest && end == file_.size()) {
      cut_off(kind_, "it has " + std::to_string(rest) + " of " + std::to_string(size) +
                         " bytes of the box at byte " + std::to_string(at));
    }
    if (size > rest || size < box.begin - at) damaged(kind_, at, "a box has an invalid size");
    at += static_cast<std::size_t>(size);
    box.end = at;
    found.push_back(box);
  }
  return found;
}

void HeifFile::read_meta(std::size_t begin, std::size_t end) {
  number(begin, 4, end);  // version and flags
  std::set<std::uint32_t> seen;
  for (const Box& box : boxes(begin, end)) {
    // Of repeated descriptions, libheif takes the first one.
    if (box.type != box_type("free") && !seen.insert(box.type).second) {
      damaged(kind_, box.at, "a box is repeated");
    }
    std::size_t at = box.begin;
    if (box.type == box_type("pitm")) {
      const std::uint64_t version = number(at, 4, box.end) >> 24;
      primary_ = static_cast<std::uint32_t>(number(at, version == 0 ? 2 : 4, box.end));
    } else if (box.type == box_type("iinf")) {
      read_types(box);
    } else if (box.type == box_type("iref")) {
      read_references(box);
    } else if (box.type == box_type("iloc")) {
      read_parts(box);
    } else if (box.type == box_type("iprp")) {
      read_properties(box);
    } else if (box.type == box_type("idat")) {
      data_ = box;
    }
  }
}

void HeifFile::read_types(const Box& box) {
  std::size_t at = box.begin;
  const std::uint64_t version = number(at, 4, box.end) >> 24;
  number(at, version == 0 ? 2 : 4, box.end);  // how many
  for (const Box& entry : boxes(at, box.end)) {
    if (entry.type != box_type("infe")) continue;
    std::size_t in = entry.begin;
    const std::uint64_t form = number(in, 4, entry.end) >> 24;
    if (form < 2) continue;  // without a type
    const auto id = static_cast<std::uint32_t>(number(in, form == 2 ? 2 : 4, entry.end));
    number(in, 2, entry.end);  // protection
    if (items_[id].type != 0) damaged(kind_, entry.at, "an item is repeated");
    items_[id].type = static_cast<std::uint32_t>(number(in, 4, entry.end));
    if (items_.size() > kMaxItems) damaged(kind_, entry.at, "it has too many items");
  }
}

void HeifFile::read_references(const Box& box) {
  std::size_t at = box.begin;
  const std::size_t size = number(at, 4, box.end) >> 24 == 0 ? 2 : 4;
  for (const Box& reference : boxes(at, box.end)) {
    if (reference.type == box_type("auxl")) opacity_types_.push_back(reference.at + 4);
    if (reference.type != box_type("dimg")) continue;
    std::size_t in = reference.begin;
    Item& from = items_[static_cast<std::uint32_t>(number(in, size, reference.end))];
    for (std::uint64_t left = number(in, 2, reference.end); left > 0; --left) {
      from.made_of.push_back(static_cast<std::uint32_t>(number(in, size, reference.end)));
    }
  }
}

void HeifFile::read_parts(const Box& box) {
  std::size_t at = box.begin;
  const std::uint64_t version = number(at, 4, box.end) >> 24;
  const std::uint64_t sizes = number(at, 2, box.end);
  const std::size_t offset_size = sizes >> 12 & 15, length_size = sizes >> 8 & 15,
                    base_size = sizes >> 4 & 15, index_size = version == 0 ? 0 : sizes & 15;
  if (std::max({offset_size, length_size, base_size, index_size}) > 8) {
    damaged(kind_, at - 2, "numbers of more than 8 bytes");
  }
  for (std::uint64_t left = number(at, version < 2 ? 2 : 4, box.end); left > 0; --left) {
    Item& item = items_[static_cast<std::uint32_t>(number(at, version < 2 ? 2 : 4, box.end))];
    if (items_.size() > kMaxItems) damaged(kind_, at, "it has too many items");
    const std::uint64_t method = version == 0 ? 0 : number(at, 2, box.end) & 15;
    number(at, 2, box.end);  // the file that has the data: this one
    const std::uint64_t base = number(at, base_size, box.end);
    if (!item.parts.empty()) damaged(kind_, at, "an item is repeated");
    item.in_file = method == 0;
    item.parts_known = method < 2;
    for (std::uint64_t parts = number(at, 2, box.end); parts > 0; --parts) {
      number(at, index_size, box.end);
      Part part;
      part.offset = base + number(at, offset_size, box.end);
      part.length = number(at, length_size, box.end);
      if (part.offset < base) damaged(kind_, at, "an offset is too large");
      item.parts.push_back(part);
      // A part takes no bytes when both sizes are 0.
      if (item.parts.size() > kMaxItems) damaged(kind_, at, "an item has too many parts");
    }
  }
}

void HeifFile::read_properties(const Box& box) {
  for (const Box& part : boxes(box.begin, box.end)) {
    if (part.type == box_type("ipco") && properties_.empty())
      properties_ = boxes(part.begin, part.end);
    if (part.type == box_type("ipma")) read_property_lists(part);
  }
}

void HeifFile::read_property_lists(const Box& box) {
  std::size_t at = box.begin;
  const std::uint64_t form = number(at, 4, box.end);  // version and flags
  const std::size_t id_size = form >> 24 == 0 ? 2 : 4, index_size = (form & 1) != 0 ? 2 : 1;
  for (std::uint64_t left = number(at, 4, box.end); left > 0; --left) {
    std::vector<std::size_t> list;
    const auto id = static_cast<std::uint32_t>(number(at, id_size, box.end));
    for (std::uint64_t count = number(at, 1, box.end); count > 0; --count) {
      // The highest bit says whether a program has to know the property.
      list.push_back(number(at, index_size, box.end) & (index_size == 2 ? 0x7FFF : 0x7F));
    }
    property_lists_.emplace(id, std::move(list));  // the first one, as in libheif
  }
}

void HeifFile::check_parts(const Item& item) const {
  if (!item.parts_known || item.parts.empty()) {
    throw FormatError("the " + kind_ + " file is damaged: it does not say where its image is");
  }
  const std::uint64_t space = item.in_file ? file_.size() : data_.end - data_.begin;
  for (const Part& part : item.parts) {
    if (part.offset <= space && part.length <= space - part.offset) continue;
    cut_off(kind_, "image data are at byte " + std::to_string(part.offset) + ", it has " +
                       std::to_string(space) + " bytes");
  }
}

void HeifFile::check_coded(std::uint32_t id) const {
  const auto item = items_.find(id);
  if (item == items_.end()) {
    throw FormatError("the " + kind_ + " file is damaged: a part of its image is missing");
  }
  if (is_derived(item->second.type)) {
    unsupported(kind_, "is made of other images in a way other than a grid");
  }
  if (!is_coded(item->second.type)) unsupported(kind_, "uses neither HEVC nor AV1");
  check_parts(item->second);
}

// The pixels of a grid, from its data: version, flags, rows - 1, columns - 1, width, height.
std::int64_t HeifFile::grid_pixels(const Item& item) const {
  std::vector<std::uint8_t> data;
  const std::size_t start = item.in_file ? 0 : data_.begin;
  for (const Part& part : item.parts) {
    for (std::uint64_t i = 0; i < part.length && data.size() < 12; ++i) {
      data.push_back(file_[start + static_cast<std::size_t>(part.offset + i)]);
    }
  }
  const bool wide = data.size() == 12 && (data[1] & 1) != 0;
  if (data.size() < (wide ? 12 : 8)) {
    throw FormatError("the " + kind_ + " file is damaged: a grid has no size");
  }
  const std::uint64_t width = wide ? big32(data, 4) : big16(data, 4);
  const std::uint64_t height = wide ? big32(data, 8) : big16(data, 6);
  return static_cast<std::int64_t>(std::min<std::uint64_t>(width * height, INT64_MAX));
}

void HeifFile::check_image(std::uint32_t id, std::int64_t max_pixels) const {
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.type != box_type("grid")) return check_coded(id);
  const Item& grid = found->second;
  check_parts(grid);
  for (const std::uint32_t tile : grid.made_of) check_coded(tile);
  if (grid_pixels(grid) > max_pixels) {
    throw FormatError("the " + kind_ + " file is damaged: a grid is larger than its image");
  }
}

std::vector<std::uint8_t> HeifFile::with_separate_opacity() const {
  std::vector<std::uint8_t> out(file_.begin(), file_.end());
  for (const std::size_t at : opacity_types_) out[at] = '-';  // a type that has no meaning
  return out;
}

}  // namespace fovea::formats
