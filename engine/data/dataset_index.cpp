#include <algorithm>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/data/dataset.h"

namespace fovea {
namespace {

constexpr char kMagic[8] = {'F', 'O', 'V', 'E', 'A', 'S', 'E', 'T'};
constexpr std::uint32_t kVersion = 1;
constexpr int kMaxSide = 1 << 20;

class Writer {
 public:
  void bytes(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    out_.insert(out_.end(), from, from + size);
  }
  void number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void text(const std::string& text) {
    const std::size_t size = std::min<std::size_t>(text.size(), 65535);
    number(size, 2);
    bytes(text.data(), size);
  }
  std::vector<std::uint8_t>& out() { return out_; }

 private:
  std::vector<std::uint8_t> out_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::span<const std::uint8_t> bytes(std::size_t size) {
    if (size > bytes_.size() - at_) {
      throw FormatError("dataset index: " + std::to_string(size) + " bytes expected at " +
                        std::to_string(at_) + ", " + std::to_string(bytes_.size() - at_) +
                        " are left");
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::uint64_t number(int size) {
    const auto from = bytes(static_cast<std::size_t>(size));
    std::uint64_t value = 0;
    for (int i = size - 1; i >= 0; --i) value = value << 8 | from[i];
    return value;
  }
  std::string text() {
    const auto from = bytes(number(2));
    return {from.begin(), from.end()};
  }
  // A count of things that take at least `least` bytes each cannot exceed what is left.
  std::size_t count(std::size_t least, const char* what) {
    const std::uint64_t value = number(4);
    if (value > (bytes_.size() - at_) / least) {
      throw FormatError("dataset index: " + std::to_string(value) + " " + what +
                        " do not fit into " + std::to_string(bytes_.size() - at_) + " bytes");
    }
    return value;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

Picture read_picture(Reader& in, const DatasetIndex& index) {
  Picture picture;
  const auto hash = in.bytes(32);
  std::copy(hash.begin(), hash.end(), picture.hash.begin());
  const std::uint64_t label = in.number(4), split = in.number(1);
  const std::uint64_t width = in.number(4), height = in.number(4);
  const std::uint64_t segment = in.number(4);
  picture.offset = in.number(8);
  picture.name = in.text();
  const auto refuse = [&](const std::string& what) {
    throw FormatError("dataset index: picture " + picture.name + ": " + what);
  };
  if (label >= index.classes.size()) refuse("label " + std::to_string(label));
  if (split > 2) refuse("split " + std::to_string(split));
  if (width < 1 || width > kMaxSide || height < 1 || height > kMaxSide) {
    refuse("size " + std::to_string(width) + "x" + std::to_string(height));
  }
  if (segment >= index.segment_bytes.size()) refuse("segment " + std::to_string(segment));
  const std::uint64_t room = index.segment_bytes[segment];
  if (picture.offset > room || width * height * 3 > room - picture.offset) {
    refuse("pixels outside of segment " + std::to_string(segment));
  }
  picture.label = static_cast<int>(label);
  picture.split = static_cast<Split>(split);
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  picture.segment = static_cast<std::uint32_t>(segment);
  return picture;
}

void check_sha256(std::span<const std::uint8_t> bytes) {
  Sha256 sha;
  sha.update(bytes.first(bytes.size() - 32));
  const auto digest = sha.digest();
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - 32)) {
    throw FormatError("dataset index: its sha256 does not match, the file is damaged");
  }
}

}  // namespace

std::vector<std::uint8_t> write_index(const DatasetIndex& index) {
  Writer out;
  out.bytes(kMagic, sizeof kMagic);
  out.number(kVersion, 4);
  out.number(index.classes.size(), 4);
  for (const std::string& name : index.classes) out.text(name);
  out.number(index.segment_bytes.size(), 4);
  for (const std::uint64_t bytes : index.segment_bytes) out.number(bytes, 8);
  out.number(index.pictures.size(), 4);
  for (const Picture& picture : index.pictures) {
    out.bytes(picture.hash.data(), picture.hash.size());
    out.number(static_cast<std::uint64_t>(picture.label), 4);
    out.number(static_cast<std::uint64_t>(picture.split), 1);
    out.number(static_cast<std::uint64_t>(picture.width), 4);
    out.number(static_cast<std::uint64_t>(picture.height), 4);
    out.number(picture.segment, 4);
    out.number(picture.offset, 8);
    out.text(picture.name);
  }
  Sha256 sha;
  sha.update(out.out());
  const auto digest = sha.digest();
  out.bytes(digest.data(), digest.size());
  return std::move(out.out());
}

DatasetIndex read_index(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < sizeof kMagic + 36 || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw FormatError("not a dataset index");
  }
  Reader in(std::span<const std::uint8_t>(bytes).first(bytes.size() - 32));
  in.bytes(sizeof kMagic);
  if (const std::uint64_t version = in.number(4); version != kVersion) {
    throw FormatError("dataset index: version " + std::to_string(version) +
                      ", this program reads " + std::to_string(kVersion));
  }
  check_sha256(bytes);
  DatasetIndex index;
  for (std::size_t n = in.count(2, "classes"); n > 0; --n) index.classes.push_back(in.text());
  for (std::size_t n = in.count(8, "segments"); n > 0; --n) {
    index.segment_bytes.push_back(in.number(8));
  }
  const std::size_t pictures = in.count(59, "pictures");
  index.pictures.reserve(pictures);
  for (std::size_t n = 0; n < pictures; ++n) {
    index.pictures.push_back(read_picture(in, index));
    if (n > 0 && index.pictures[n - 1].hash >= index.pictures[n].hash) {
      throw FormatError("dataset index: picture " + std::to_string(n) + " is out of order");
    }
  }
  if (!in.at_end()) throw FormatError("dataset index: bytes behind the last picture");
  return index;
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
