#include "engine/model/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/half.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"
#include "engine/model/json.h"

namespace fovea {
namespace {

constexpr std::uint64_t kMaxHeader = std::uint64_t{16} << 20;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 31;
constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kHexDigits = 64;
// Inside a JSON string a quote is written \", so this text can only be the key itself.
constexpr std::string_view kHashKey = "\"header_sha256\":\"";

[[noreturn]] void fail_safetensors(const std::string& problem) {
  throw FormatError("model file: " + problem);
}

const char* dtype_name(DType type) {
  return type == DType::f32 ? "F32" : type == DType::f16 ? "F16" : "I64";
}

std::int64_t element_count(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || size > kMaxElements || (count *= size) > kMaxElements) {
      fail_safetensors("tensor " + name + " has shape " + shape_text(shape) +
                       "; the limit is 2^31 numbers");
    }
  }
  return count;
}

// The offset of the 64 digits of header_sha256 in the header.
std::size_t find_hash(std::string_view header) {
  const std::size_t key = header.find(kHashKey);
  if (key == std::string_view::npos) {
    fail_safetensors("the header has no header_sha256: not written by Fovea, or damaged");
  }
  if (header.find(kHashKey, key + 1) != std::string_view::npos)
    fail_safetensors("two header_sha256 in the header");
  const std::size_t at = key + kHashKey.size();
  if (header.size() < at + kHexDigits) fail_safetensors("the header ends inside header_sha256");
  return at;
}

// The sha256 of the header with its own 64 digits replaced by zeros.
std::string hash_header(std::string header, std::size_t at) {
  header.replace(at, kHexDigits, kHexDigits, '0');
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
}

// Which rules apply to a file.
enum class Writer { fovea, other };

std::string_view read_header(std::span<const std::uint8_t> bytes, Writer writer) {
  if (bytes.size() < 8)
    fail_safetensors(std::to_string(bytes.size()) + " bytes are too few for a header");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
  if (length > kMaxHeader) {
    fail_safetensors("header length " + std::to_string(length) + " is above the limit of 16 MiB");
  }
  if (length > bytes.size() - 8) {
    fail_safetensors("header length " + std::to_string(length) + ", but only " +
                     std::to_string(bytes.size() - 8) + " bytes follow");
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  if (writer == Writer::other) return header;
  if (length % 8 != 0)
    fail_safetensors("header length " + std::to_string(length) + " is not a multiple of 8");
  const std::size_t at = find_hash(header);
  if (hash_header(std::string(header), at) != header.substr(at, kHexDigits)) {
    fail_safetensors("the header does not match its header_sha256; the file is damaged");
  }
  return header;
}

struct Entry {
  StoredTensor tensor;
  std::uint64_t begin, end;  // into the tensor bytes
};

constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

Entry read_entry(const std::string& name, const Json& json, Writer writer) {
  const std::string where = "tensor " + name;
  const JsonReader in(json, "model file: " + where);
  Entry entry;
  entry.tensor.name = name;
  const std::string dtype = in.at("dtype").text();
  if (dtype == "F16") {
    entry.tensor.dtype = DType::f16;
  } else if (dtype == "I64" && writer == Writer::other) {
    entry.tensor.dtype = DType::i64;
  } else if (dtype != "F32") {
    fail_safetensors(where + ": dtype " + dtype + " is not supported, only F32 and F16");
  }
  for (const JsonReader& size : in.at("shape").list_up_to(kMaxRank)) {
    entry.tensor.shape.push_back(size.integer(0, kHighest));
  }
  const auto offsets = in.at("data_offsets").list_of(2);
  entry.begin = offsets[0].integer(0, kHighest);
  entry.end = offsets[1].integer(0, kHighest);
  in.reject_unknown_keys();
  const std::uint64_t expected =
      element_count(name, entry.tensor.shape) * size_of(entry.tensor.dtype);
  if (entry.end < entry.begin || entry.end - entry.begin != expected) {
    fail_safetensors(where + ": data_offsets [" + std::to_string(entry.begin) + "," +
                     std::to_string(entry.end) + "] do not hold the " + std::to_string(expected) +
                     " bytes of its shape");
  }
  return entry;
}

// Orders the tensors by their bytes and checks that these cover `data` without gap or overlap.
std::vector<StoredTensor> locate_tensors(std::vector<Entry> entries,
                                         std::span<const std::uint8_t> data) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::vector<StoredTensor> tensors;
  std::uint64_t at = 0;
  for (Entry& entry : entries) {
    if (entry.begin != at) {
      fail_safetensors("tensor " + entry.tensor.name + " begins at byte " +
                       std::to_string(entry.begin) + ", expected " + std::to_string(at));
    }
    if (entry.end > data.size()) {
      fail_safetensors("tensor " + entry.tensor.name + " ends at byte " +
                       std::to_string(entry.end) + "; the file has " + std::to_string(data.size()));
    }
    entry.tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
    at = entry.end;
    tensors.push_back(std::move(entry.tensor));
  }
  if (at != data.size()) {
    fail_safetensors(std::to_string(data.size() - at) + " bytes follow the last tensor");
  }
  return tensors;
}

std::string take(std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) fail_safetensors("metadata \"" + key + "\" is missing");
  std::string value = std::move(found->second);
  metadata.erase(found);
  return value;
}

std::string build_header(const Safetensors& file, const std::vector<const StoredTensor*>& order,
                         const std::string& sha256) {
  Json header;
  auto& metadata = header["__metadata__"];
  metadata["header_sha256"] = std::string(kHexDigits, '0');
  metadata["sha256"] = sha256;
  for (const auto& [key, value] : file.metadata) metadata[key] = value;
  std::uint64_t at = 0;
  for (const StoredTensor* tensor : order) {
    header[tensor->name] = {{"dtype", dtype_name(tensor->dtype)},
                            {"shape", tensor->shape},
                            {"data_offsets", {at, at + tensor->bytes.size()}}};
    at += tensor->bytes.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    fail_safetensors(error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxHeader) fail_safetensors("the header would exceed 16 MiB");
  const std::size_t hash = find_hash(text);
  text.replace(hash, kHexDigits, hash_header(text, hash));
  return text;
}

Safetensors read_container(std::span<const std::uint8_t> bytes, Writer writer) {
  const std::string_view header = read_header(bytes, writer);
  const Json json = parse_json(header, "model file: header");
  if (!json.is_object()) fail_safetensors("the header is not a JSON object");
  Safetensors file;
  std::vector<Entry> entries;
  for (const auto& item : json.items()) {
    if (item.key() != "__metadata__") {
      entries.push_back(read_entry(item.key(), item.value(), writer));
      continue;
    }
    const JsonReader in(item.value(), "model file", "__metadata__");
    if (!item.value().is_object()) in.fail("is not an object");
    for (const auto& text : item.value().items()) {
      file.metadata[text.key()] = in.at(text.key()).text();
    }
  }
  file.tensors = locate_tensors(std::move(entries), bytes.subspan(8 + header.size()));
  return file;
}

}  // namespace

float stored_value(const StoredTensor& tensor, std::size_t position) {
  const std::uint8_t* in = tensor.bytes.data() + position * size_of(tensor.dtype);
  if (tensor.dtype == DType::f16) {
    std::uint16_t half;
    std::memcpy(&half, in, sizeof half);
    return from_half(half);
  }
  float value;
  std::memcpy(&value, in, sizeof value);
  return value;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const std::int64_t size : shape) sizes.push_back(std::to_string(size));
  return "[" + join(sizes) + "]";
}

std::vector<std::uint8_t> write_safetensors(const Safetensors& file) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : file.tensors) {
    const std::uint64_t count = element_count(tensor.name, tensor.shape);
    if (count * size_of(tensor.dtype) != tensor.bytes.size()) {
      fail_safetensors("tensor " + tensor.name + " has " + std::to_string(tensor.bytes.size()) +
                       " bytes for shape " + shape_text(tensor.shape));
    }
    order.push_back(&tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return a->dtype == DType::f32 && b->dtype == DType::f16;
  });
  Sha256 sha;
  std::size_t total = 0;
  for (const StoredTensor* tensor : order) {
    sha.update(tensor->bytes);
    total += tensor->bytes.size();
  }
  const std::string header = build_header(file, order, sha.hex());
  std::vector<std::uint8_t> bytes(8 + header.size() + total);
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i));
  }
  auto out = std::copy(header.begin(), header.end(), bytes.begin() + 8);
  for (const StoredTensor* tensor : order) {
    out = std::copy(tensor->bytes.begin(), tensor->bytes.end(), out);
  }
  return bytes;
}

Safetensors read_safetensors(std::span<const std::uint8_t> bytes) {
  Safetensors file = read_container(bytes, Writer::fovea);
  take(file.metadata, "header_sha256");
  file.sha256 = take(file.metadata, "sha256");
  // The tensors cover the bytes after the header without gaps.
  Sha256 sha;
  for (const StoredTensor& tensor : file.tensors) sha.update(tensor.bytes);
  if (sha.hex() != file.sha256)
    fail_safetensors("the tensor bytes do not match their sha256; the file is damaged");
  return file;
}

Safetensors read_foreign_safetensors(std::span<const std::uint8_t> bytes) {
  return read_container(bytes, Writer::other);
}

}  // namespace fovea
