#include <algorithm>
#include <cstring>

#include "engine/core/byte_io.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

constexpr char kMagic[8] = {'F', 'O', 'V', 'E', 'A', 'S', 'E', 'T'};
constexpr std::uint32_t kVersion = 2;
constexpr int kMaxSide = 1 << 20;
constexpr std::size_t kHash = 32;

ContentHash read_hash(ByteReader& in) {
  ContentHash hash{};
  const auto bytes = in.bytes(kHash);
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

Split read_split(ByteReader& in) {
  const std::uint64_t split = in.number(1);
  if (split > 2) in.fail("split " + std::to_string(split));
  return static_cast<Split>(split);
}

Segment read_segment(ByteReader& in, const DatasetIndex& index) {
  Segment segment;
  segment.file = static_cast<std::uint32_t>(in.number(4));
  segment.bytes = in.number(8);
  const std::uint32_t least = index.segments.empty() ? 0 : index.segments.back().file + 1;
  if (segment.file < least || segment.file >= index.next_file) {
    in.fail("pixel file " + std::to_string(segment.file) + " is out of order");
  }
  return segment;
}

Picture read_picture(ByteReader& in, const DatasetIndex& index) {
  Picture picture;
  picture.hash = read_hash(in);
  const std::uint64_t label = in.number(4);
  picture.split = read_split(in);
  const std::uint64_t width = in.number(4), height = in.number(4);
  const std::uint64_t segment = in.number(4);
  picture.offset = in.number(8);
  picture.added_at = static_cast<std::int64_t>(in.number(8));
  const std::uint64_t origin = in.number(1);
  picture.name = in.text(2);
  const auto refuse = [&](const std::string& what) {
    in.fail("picture " + picture.name + ": " + what);
  };
  if (label >= index.classes.size()) refuse("label " + std::to_string(label));
  if (origin > 2) refuse("origin " + std::to_string(origin));
  if (width < 1 || width > kMaxSide || height < 1 || height > kMaxSide) {
    refuse("size " + std::to_string(width) + "x" + std::to_string(height));
  }
  if (segment >= index.segments.size()) refuse("segment " + std::to_string(segment));
  const std::uint64_t room = index.segments[segment].bytes;
  if (picture.offset > room || width * height * 3 > room - picture.offset) {
    refuse("pixels outside of segment " + std::to_string(segment));
  }
  picture.label = static_cast<int>(label);
  picture.origin = static_cast<Origin>(origin);
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  picture.segment = static_cast<std::uint32_t>(segment);
  return picture;
}

void write_picture(ByteWriter& out, const Picture& picture) {
  out.bytes(picture.hash.data(), picture.hash.size());
  out.number(static_cast<std::uint64_t>(picture.label), 4);
  out.number(static_cast<std::uint64_t>(picture.split), 1);
  out.number(static_cast<std::uint64_t>(picture.width), 4);
  out.number(static_cast<std::uint64_t>(picture.height), 4);
  out.number(picture.segment, 4);
  out.number(picture.offset, 8);
  out.number(static_cast<std::uint64_t>(picture.added_at), 8);
  out.number(static_cast<std::uint64_t>(picture.origin), 1);
  out.text(picture.name, 2);
}

}  // namespace

std::int64_t newest_addition(const DatasetIndex& index) {
  std::int64_t newest = 0;
  for (const Picture& picture : index.pictures) newest = std::max(newest, picture.added_at);
  return newest;
}

std::vector<std::uint8_t> write_index(const DatasetIndex& index) {
  ByteWriter out(64 + index.pictures.size() * 100);
  out.bytes(kMagic, sizeof kMagic);
  out.number(kVersion, 4);
  out.number(index.classes.size(), 4);
  for (const std::string& name : index.classes) out.text(name, 2);
  out.number(index.next_file, 4);
  out.number(index.segments.size(), 4);
  for (const Segment& segment : index.segments) {
    out.number(segment.file, 4);
    out.number(segment.bytes, 8);
  }
  out.number(index.pictures.size(), 4);
  for (const Picture& picture : index.pictures) write_picture(out, picture);
  out.number(index.removed.size(), 4);
  for (const auto& [hash, split] : index.removed) {
    out.bytes(hash.data(), hash.size());
    out.number(static_cast<std::uint64_t>(split), 1);
  }
  return out.take_signed();
}

DatasetIndex read_index(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < sizeof kMagic + 36 || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw FormatError("not a dataset index");
  }
  ByteReader in(std::span<const std::uint8_t>(bytes).first(bytes.size() - kHash), "dataset index");
  in.bytes(sizeof kMagic);
  if (const std::uint64_t version = in.number(4); version != kVersion) {
    in.fail("version " + std::to_string(version) + ", this program reads version " +
            std::to_string(kVersion) + "; import the pictures again");
  }
  signed_body(bytes, "dataset index");
  DatasetIndex index;
  for (std::size_t n = in.count(2, "classes"); n > 0; --n) index.classes.push_back(in.text(2));
  index.next_file = static_cast<std::uint32_t>(in.number(4));
  for (std::size_t n = in.count(12, "segments"); n > 0; --n) {
    index.segments.push_back(read_segment(in, index));
  }
  const std::size_t pictures = in.count(68, "pictures");
  index.pictures.reserve(pictures);
  for (std::size_t n = 0; n < pictures; ++n) {
    index.pictures.push_back(read_picture(in, index));
    if (n > 0 && index.pictures[n - 1].hash >= index.pictures[n].hash) {
      in.fail("picture " + std::to_string(n) + " is out of order");
    }
  }
  for (std::size_t n = in.count(33, "removed pictures"); n > 0; --n) {
    const ContentHash hash = read_hash(in);
    index.removed.emplace(hash, read_split(in));
  }
  if (in.left() > 0) in.fail("bytes behind its end");
  return index;
}

const Picture* DatasetIndex::find(const ContentHash& hash) const {
  const auto found = std::lower_bound(
      pictures.begin(), pictures.end(), hash,
      [](const Picture& picture, const ContentHash& wanted) { return picture.hash < wanted; });
  return found != pictures.end() && found->hash == hash ? &*found : nullptr;
}

std::string DatasetIndex::revision() const {
  Sha256 sha;
  for (const Picture& picture : pictures) {  // sorted by hash, and so are the lines
    const std::string line = to_hex(picture.hash) + " " + classes[std::size_t(picture.label)] +
                             " " + to_string(picture.split) + "\n";
    sha.update({reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
  }
  return sha.hex();
}

}  // namespace fovea
