#include "engine/train/checkpoint.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace fovea {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

constexpr char kMagic[8] = {'F', 'O', 'V', 'E', 'A', 'C', 'K', 'P'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kDigest = 32;

class Writer {
 public:
  explicit Writer(std::size_t size) { bytes_.reserve(size); }
  void raw(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void number(std::uint32_t value) { raw(&value, sizeof value); }
  void text(const std::string& text) {
    number(static_cast<std::uint32_t>(text.size()));
    raw(text.data(), text.size());
  }
  std::vector<std::uint8_t> finish() {
    Sha256 sha;
    sha.update(bytes_);
    const auto digest = sha.digest();
    raw(digest.data(), digest.size());
    return std::move(bytes_);
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  void raw(void* to, std::size_t size) {
    if (size > rest_.size()) throw FormatError("checkpoint: a length runs past the end");
    if (size > 0) std::memcpy(to, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    raw(&value, sizeof value);
    return value;
  }
  std::string text() {
    const std::size_t size = number();
    if (size > rest_.size()) throw FormatError("checkpoint: a length runs past the end");
    std::string text(size, '\0');
    raw(text.data(), size);
    return text;
  }
  Tensor array() {
    Shape shape;
    for (int* size : {&shape.n, &shape.h, &shape.w, &shape.c}) *size = static_cast<int>(number());
    // Compared with what is left before anything is allocated; as double, because it may overflow.
    const bool negative = shape.n < 0 || shape.h < 0 || shape.w < 0 || shape.c < 0;
    const double needed = 1.0 * sizeof(Scalar) * shape.n * shape.h * shape.w * shape.c;
    if (negative || needed > static_cast<double>(rest_.size())) {
      throw FormatError("checkpoint: an array of shape " + to_string(shape, true) + " with " +
                        std::to_string(rest_.size()) + " bytes left");
    }
    Tensor tensor;
    tensor.resize(shape);
    raw(tensor.data(), static_cast<std::size_t>(tensor.size()) * sizeof(Scalar));
    return tensor;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::span<const std::uint8_t> rest_;
};

template <class Number>
Number parse(const std::string& name, const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw FormatError("checkpoint: " + name + " is not a number: " + text);
  }
  return value;
}

}  // namespace

const std::string& Checkpoint::text(const std::string& name) const {
  const auto found = texts.find(name);
  if (found == texts.end()) throw FormatError("checkpoint: " + name + " is missing");
  return found->second;
}

std::int64_t Checkpoint::integer(const std::string& name) const {
  return parse<std::int64_t>(name, text(name));
}

double Checkpoint::real(const std::string& name) const {
  return parse<double>(name, text(name));
}

std::vector<Tensor> Checkpoint::take_arrays(const std::string& prefix) {
  std::vector<Tensor> taken;
  for (;;) {
    const auto found = arrays.find(prefix + std::to_string(taken.size()));
    if (found == arrays.end()) return taken;
    taken.push_back(std::move(found->second));
    arrays.erase(found);
  }
}

std::string exact_text(double value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, result.ptr};
}

void CheckpointView::add_arrays(const std::string& prefix, std::span<const Tensor> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) arrays[prefix + std::to_string(i)] = &tensors[i];
}

std::vector<std::uint8_t> write_checkpoint(const CheckpointView& view) {
  std::size_t size = sizeof kMagic + 3 * 4 + kDigest;
  for (const auto& [name, text] : view.texts) size += 8 + name.size() + text.size();
  for (const auto& [name, array] : view.arrays) {
    size += 4 + name.size() + 16 + static_cast<std::size_t>(array->size()) * sizeof(Scalar);
  }
  Writer writer(size);
  writer.raw(kMagic, sizeof kMagic);
  writer.number(kVersion);
  writer.number(static_cast<std::uint32_t>(view.texts.size()));
  for (const auto& [name, text] : view.texts) {
    writer.text(name);
    writer.text(text);
  }
  writer.number(static_cast<std::uint32_t>(view.arrays.size()));
  for (const auto& [name, array] : view.arrays) {
    writer.text(name);
    const Shape& shape = array->shape();
    for (int extent : {shape.n, shape.h, shape.w, shape.c}) {
      writer.number(static_cast<std::uint32_t>(extent));
    }
    writer.raw(array->data(), static_cast<std::size_t>(array->size()) * sizeof(Scalar));
  }
  return writer.finish();
}

Checkpoint read_checkpoint(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof kMagic + kDigest ||
      !std::equal(std::begin(kMagic), std::end(kMagic), bytes.begin())) {
    throw FormatError("not a checkpoint: " + std::to_string(bytes.size()) +
                      " bytes without the checkpoint's first eight");
  }
  const auto body = bytes.first(bytes.size() - kDigest);
  Sha256 sha;
  sha.update(body);
  const auto digest = sha.digest();
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - kDigest)) {
    throw FormatError("the checkpoint is damaged: its sha256 does not match its " +
                      std::to_string(bytes.size()) + " bytes");
  }
  Reader reader(body.subspan(sizeof kMagic));
  const std::uint32_t version = reader.number();
  if (version != kVersion) {
    throw FormatError("checkpoint version " + std::to_string(version) + "; this program reads " +
                      std::to_string(kVersion));
  }
  Checkpoint checkpoint;
  for (std::uint32_t i = reader.number(); i > 0; --i) {
    std::string name = reader.text();
    checkpoint.texts[std::move(name)] = reader.text();
  }
  for (std::uint32_t i = reader.number(); i > 0; --i) {
    std::string name = reader.text();
    checkpoint.arrays[std::move(name)] = reader.array();
  }
  if (reader.left() != 0) throw FormatError("checkpoint: bytes left over");
  return checkpoint;
}

}  // namespace fovea
