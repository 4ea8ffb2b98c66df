#include "engine/train/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/core/byte_io.h"
#include "engine/core/error.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied from memory");

constexpr char kMagic[8] = {'F', 'O', 'V', 'E', 'A', 'C', 'K', 'P'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kDigest = 32;

Tensor read_array(ByteReader& in) {
  Shape shape;
  for (int* size : {&shape.n, &shape.h, &shape.w, &shape.c}) *size = static_cast<int>(in.number(4));
  // Checked against the remaining bytes before anything is allocated; in double, which cannot
  // overflow.
  const bool negative = shape.n < 0 || shape.h < 0 || shape.w < 0 || shape.c < 0;
  const double needed = 1.0 * sizeof(Scalar) * shape.n * shape.h * shape.w * shape.c;
  if (negative || needed > static_cast<double>(in.left())) {
    in.fail("an array has shape " + to_string(shape, true) + ", but only " +
            std::to_string(in.left()) + " bytes are left");
  }
  Tensor tensor;
  try {
    tensor.resize(shape);
  } catch (const ShapeError& error) {  // an empty array whose other sizes are out of range
    in.fail(error.what());
  }
  const auto from = in.bytes(tensor.size() * sizeof(Scalar));
  if (!from.empty()) std::memcpy(tensor.data(), from.data(), from.size());
  return tensor;
}

template <class Number>
Number parse(const std::string& name, const std::string& text) {
  const auto value = parse_number<Number>(text);
  if (!value) throw FormatError("checkpoint: " + name + " is not a number: " + text);
  return *value;
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

void CheckpointView::add_arrays(const std::string& prefix, std::span<const Tensor> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) arrays[prefix + std::to_string(i)] = &tensors[i];
}

std::vector<std::uint8_t> write_checkpoint(const CheckpointView& view) {
  std::size_t size = sizeof kMagic + 3 * 4 + kDigest;
  for (const auto& [name, text] : view.texts) size += 8 + name.size() + text.size();
  for (const auto& [name, array] : view.arrays) {
    size += 4 + name.size() + 16 + array->size() * sizeof(Scalar);
  }
  ByteWriter writer(size);
  writer.bytes(kMagic, sizeof kMagic);
  writer.number(kVersion, 4);
  writer.number(view.texts.size(), 4);
  for (const auto& [name, text] : view.texts) {
    writer.text(name, 4);
    writer.text(text, 4);
  }
  writer.number(view.arrays.size(), 4);
  for (const auto& [name, array] : view.arrays) {
    writer.text(name, 4);
    const Shape& shape = array->shape();
    for (const int extent : {shape.n, shape.h, shape.w, shape.c}) writer.number(extent, 4);
    writer.bytes(array->data(), array->size() * sizeof(Scalar));
  }
  return writer.take_with_digest();
}

Checkpoint read_checkpoint(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof kMagic + kDigest ||
      !std::equal(std::begin(kMagic), std::end(kMagic), bytes.begin())) {
    throw FormatError("not a checkpoint: its " + std::to_string(bytes.size()) +
                      " bytes do not begin with FOVEACKP");
  }
  ByteReader reader(check_digest(bytes, "checkpoint").subspan(sizeof kMagic), "checkpoint");
  const std::uint64_t version = reader.number(4);
  if (version != kVersion) {
    throw FormatError("checkpoint version " + std::to_string(version) + "; this program reads " +
                      std::to_string(kVersion));
  }
  Checkpoint checkpoint;
  for (std::uint64_t i = reader.number(4); i > 0; --i) {
    std::string name = reader.text(4);
    checkpoint.texts[std::move(name)] = reader.text(4);
  }
  for (std::uint64_t i = reader.number(4); i > 0; --i) {
    std::string name = reader.text(4);
    checkpoint.arrays[std::move(name)] = read_array(reader);
  }
  if (reader.left() != 0) throw FormatError("checkpoint: bytes follow its end");
  return checkpoint;
}

}  // namespace fovea
