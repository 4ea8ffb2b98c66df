#include "engine/data/dataset_index.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <set>
#include <stdexcept>

#include "engine/core/byte_io.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"

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
  if (split > 2) in.fail("unknown split " + std::to_string(split));
  return static_cast<Split>(split);
}

Segment read_segment(ByteReader& in, const DatasetIndex& index) {
  Segment segment;
  segment.file = static_cast<std::uint32_t>(in.number(4));
  segment.bytes = in.number(8);
  const std::uint32_t lowest = index.segments.empty() ? 0 : index.segments.back().file + 1;
  if (segment.file < lowest || segment.file >= index.next_file) {
    in.fail("pixel file " + std::to_string(segment.file) + " is out of order");
  }
  return segment;
}

ImageRecord read_image(ByteReader& in, const DatasetIndex& index) {
  ImageRecord image;
  image.hash = read_hash(in);
  const std::uint64_t label = in.number(4);
  image.split = read_split(in);
  const std::uint64_t width = in.number(4), height = in.number(4);
  const std::uint64_t segment = in.number(4);
  image.offset = in.number(8);
  image.added_at = static_cast<std::int64_t>(in.number(8));
  const std::uint64_t origin = in.number(1);
  image.name = in.text(2);
  const auto refuse = [&](const std::string& what) {
    in.fail("image " + image.name + ": " + what);
  };
  if (label >= index.classes.size()) refuse("label " + std::to_string(label));
  if (origin > 2) refuse("origin " + std::to_string(origin));
  if (width < 1 || width > kMaxSide || height < 1 || height > kMaxSide) {
    refuse("size " + std::to_string(width) + "x" + std::to_string(height));
  }
  if (segment >= index.segments.size()) refuse("segment " + std::to_string(segment));
  const std::uint64_t size = index.segments[segment].bytes;
  if (image.offset > size || width * height * 3 > size - image.offset) {
    refuse("pixels outside of segment " + std::to_string(segment));
  }
  image.label = static_cast<int>(label);
  image.origin = static_cast<Origin>(origin);
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.segment = static_cast<std::uint32_t>(segment);
  return image;
}

void write_image(ByteWriter& out, const ImageRecord& image) {
  out.bytes(image.hash.data(), image.hash.size());
  out.number(image.label, 4);
  out.number(static_cast<std::uint64_t>(image.split), 1);
  out.number(image.width, 4);
  out.number(image.height, 4);
  out.number(image.segment, 4);
  out.number(image.offset, 8);
  out.number(image.added_at, 8);
  out.number(static_cast<std::uint64_t>(image.origin), 1);
  out.text(image.name, 2);
}

}  // namespace

std::string to_string(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::val:
      return "val";
    case Split::test:
      return "test";
  }
  throw std::logic_error("split " + std::to_string(static_cast<int>(split)) + " does not exist");
}

Split parse_split(const std::string& name) {
  for (const Split split : {Split::train, Split::val, Split::test}) {
    if (name == to_string(split)) return split;
  }
  throw FormatError("unknown split \"" + name + "\": expected train, val or test");
}

std::string to_string(Origin origin) {
  switch (origin) {
    case Origin::import:
      return "import";
    case Origin::upload:
      return "upload";
    case Origin::correction:
      return "correction";
  }
  throw std::logic_error("origin " + std::to_string(static_cast<int>(origin)) + " does not exist");
}

std::optional<ContentHash> parse_hash(std::string_view hex) {
  ContentHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4 | digit);
  }
  return hash;
}

std::filesystem::path index_path(const std::filesystem::path& folder) {
  return folder / "index";
}

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t file) {
  return folder / ("pixels-" + std::to_string(file));
}

std::int64_t newest_addition(const DatasetIndex& index) {
  std::int64_t newest = 0;
  for (const ImageRecord& image : index.images) newest = std::max(newest, image.added_at);
  return newest;
}

std::vector<std::uint8_t> write_index(const DatasetIndex& index) {
  ByteWriter out(64 + index.images.size() * 100);
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
  out.number(index.images.size(), 4);
  for (const ImageRecord& image : index.images) write_image(out, image);
  out.number(index.removed.size(), 4);
  for (const auto& [hash, split] : index.removed) {
    out.bytes(hash.data(), hash.size());
    out.number(static_cast<std::uint64_t>(split), 1);
  }
  return out.take_with_digest();
}

DatasetIndex read_index(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < sizeof kMagic + 36 || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw FormatError("not a dataset index");
  }
  ByteReader in(std::span<const std::uint8_t>(bytes).first(bytes.size() - kHash), "dataset index");
  in.bytes(sizeof kMagic);
  if (const std::uint64_t version = in.number(4); version != kVersion) {
    throw UnknownIndexVersion("dataset index: version " + std::to_string(version) +
                              "; this program reads version " + std::to_string(kVersion) +
                              "; import the images again");
  }
  check_digest(bytes, "dataset index");
  DatasetIndex index;
  for (std::size_t n = in.count(2, "classes"); n > 0; --n) index.classes.push_back(in.text(2));
  index.next_file = static_cast<std::uint32_t>(in.number(4));
  for (std::size_t n = in.count(12, "segments"); n > 0; --n) {
    index.segments.push_back(read_segment(in, index));
  }
  const std::size_t images = in.count(68, "images");
  index.images.reserve(images);
  for (std::size_t n = 0; n < images; ++n) {
    index.images.push_back(read_image(in, index));
    if (n > 0 && index.images[n - 1].hash >= index.images[n].hash) {
      in.fail("image " + std::to_string(n) + " is out of order");
    }
  }
  for (std::size_t n = in.count(33, "removed images"); n > 0; --n) {
    const ContentHash hash = read_hash(in);
    index.removed.emplace(hash, read_split(in));
  }
  if (in.left() > 0) in.fail("bytes follow its end");
  return index;
}

const ImageRecord* DatasetIndex::find(const ContentHash& hash) const {
  const auto found = std::lower_bound(
      images.begin(), images.end(), hash,
      [](const ImageRecord& image, const ContentHash& value) { return image.hash < value; });
  return found != images.end() && found->hash == hash ? &*found : nullptr;
}

namespace {

std::string revision_until(const DatasetIndex& index, std::int64_t time) {
  Sha256 sha;
  for (const ImageRecord& image : index.images) {  // sorted by hash, and so are the lines
    if (image.added_at > time) continue;
    const std::string line =
        to_hex(image.hash) + " " + index.classes[image.label] + " " + to_string(image.split) + "\n";
    sha.update({reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
  }
  return sha.hex();
}

}  // namespace

std::string DatasetIndex::revision() const {
  return revision_until(*this, std::numeric_limits<std::int64_t>::max());
}

std::optional<std::int64_t> DatasetIndex::time_of_revision(const std::string& revision) const {
  constexpr std::size_t kMaxTimes = 32;
  std::set<std::int64_t, std::greater<>> times;
  for (const ImageRecord& image : images) {
    times.insert(image.added_at);
    if (times.size() > kMaxTimes) times.erase(std::prev(times.end()));
  }
  for (const std::int64_t time : times) {
    if (revision_until(*this, time) == revision) return time;
  }
  return std::nullopt;
}

}  // namespace fovea
