#include "engine/exchange/torch_state.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>
#include <string_view>

#include "engine/core/byte_io.h"
#include "engine/exchange/pickle.h"
#include "engine/model/safetensors.h"

namespace fovea {
namespace {

using Kind = PickleNode::Kind;

constexpr std::size_t kMaxTensors = 4096;
constexpr std::size_t kMaxAxes = 8;
constexpr std::int64_t kMaxNumbers = std::int64_t{1} << 31;
constexpr std::int64_t kLegacyProtocol = 1001;
// 0x1950a86a20f9469cfc6c: the first pickle of the legacy form.
constexpr std::string_view kMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
constexpr std::string_view kMagicStart{"\x80\x02\x8a\x0a", 4};

[[noreturn]] void fail_torch(const std::string& problem) {
  throw FormatError("PyTorch file: " + problem);
}

// Text from the file in a message.
std::string shown(std::string_view text) {
  std::string safe(text.substr(0, 100));
  for (char& c : safe) c = c >= ' ' && c <= '~' ? c : '?';
  return safe;
}

// A storage as a pickle refers to it.
struct StorageId {
  std::string_view key;
  bool floating = true;
  std::int64_t count = 0;  // numbers

  std::uint64_t bytes() const { return std::uint64_t(count) * (floating ? 4 : 8); }
};
using StorageBytes = std::map<std::string_view, std::span<const std::uint8_t>>;

// Reads the values of one pickle. Every item is checked for its kind before it is used.
class StateDict {
 public:
  explicit StateDict(const Pickle& pickle) : pickle_(pickle) {}

  // All storages, by key.
  std::map<std::string_view, StorageId> storages() const {
    std::map<std::string_view, StorageId> result;
    for (const PickleNode& node : pickle_.nodes) {
      if (node.kind != Kind::storage) continue;
      const StorageId id = storage(node);
      const auto [at, added] = result.emplace(id.key, id);
      if (!added && (at->second.floating != id.floating || at->second.count != id.count)) {
        fail_torch("storage " + shown(id.key) + " is described in two ways");
      }
    }
    return result;
  }

  std::vector<TorchTensor> tensors(const StorageBytes& bytes) const {
    const PickleNode& root = pickle_[pickle_.root];
    if (root.kind != Kind::dict) fail_torch("it does not contain a state dict");
    if (root.items.size() / 2 > kMaxTensors) {
      fail_torch("more than " + std::to_string(kMaxTensors) + " tensors");
    }
    std::vector<TorchTensor> result;
    std::set<std::string> names;
    for (std::size_t i = 0; i < root.items.size(); i += 2) {
      const PickleNode& name = pickle_[root.items[i]];
      const PickleNode& value = pickle_[root.items[i + 1]];
      if (name.kind != Kind::text) fail_torch("a key of the state dict is not a text");
      const std::string where = "tensor " + shown(name.text);
      if (value.kind != Kind::tensor) fail_torch(shown(name.text) + " is not a tensor");
      if (!names.emplace(name.text).second) fail_torch(where + " appears twice");
      TorchTensor tensor = view(value, where, bytes);
      tensor.name = name.text;
      result.push_back(std::move(tensor));
    }
    return result;
  }

 private:
  // ("storage", type, key, location, count) and, in the legacy form, None.
  StorageId storage(const PickleNode& node) const {
    const auto& items = node.items;
    if (items.size() != 5 && items.size() != 6) fail_torch("a storage has the wrong form");
    const PickleNode &type = pickle_[items[1]], &key = pickle_[items[2]];
    const PickleNode& count = pickle_[items[4]];
    if (pickle_[items[0]].text != "storage" || type.kind != Kind::type || key.kind != Kind::text ||
        count.kind != Kind::integer ||
        (items.size() == 6 && pickle_[items[5]].kind != Kind::none)) {
      fail_torch("a storage has the wrong form");
    }
    const bool floating = type.text == "torch.FloatStorage";
    if (!floating && type.text != "torch.LongStorage") fail_torch("a storage has the wrong type");
    if (count.integer < 0 || count.integer > kMaxNumbers) {
      fail_torch("storage " + shown(key.text) + " has " + std::to_string(count.integer) +
                 " numbers");
    }
    return {key.text, floating, count.integer};
  }

  // (storage, offset, shape, strides, requires_grad, hooks)
  TorchTensor view(const PickleNode& node, const std::string& where,
                   const StorageBytes& bytes) const {
    if (node.items.size() < 4 || pickle_[node.items[0]].kind != Kind::storage) {
      fail_torch(where + " has the wrong form");
    }
    const StorageId id = storage(pickle_[node.items[0]]);
    TorchTensor tensor;
    tensor.floating = id.floating;
    tensor.offset = number(node.items[1], where);
    tensor.shape = numbers(node.items[2], where);
    tensor.strides = numbers(node.items[3], where);
    tensor.storage = bytes.at(id.key);
    check_view(tensor, id.count, where);
    return tensor;
  }

  std::int64_t number(std::uint32_t index, const std::string& where) const {
    const PickleNode& node = pickle_[index];
    if (node.kind != Kind::integer) fail_torch(where + ": a size is not a whole number");
    if (node.integer < 0 || node.integer > kMaxNumbers) {
      fail_torch(where + ": " + std::to_string(node.integer) + " is out of range");
    }
    return node.integer;
  }
  std::vector<std::int64_t> numbers(std::uint32_t index, const std::string& where) const {
    const PickleNode& node = pickle_[index];
    if (node.kind != Kind::tuple || node.items.size() > kMaxAxes) {
      fail_torch(where + " has the wrong form");
    }
    std::vector<std::int64_t> result;
    for (const std::uint32_t item : node.items) result.push_back(number(item, where));
    return result;
  }

  // The last number of the view must be one of the storage.
  static void check_view(const TorchTensor& tensor, std::int64_t stored, const std::string& where) {
    if (tensor.strides.size() != tensor.shape.size()) fail_torch(where + " has the wrong form");
    std::int64_t count = 1, last = tensor.offset;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      const std::int64_t size = tensor.shape[i];
      count *= size;  // at most 2^31 before, so at most 2^62
      if (count > kMaxNumbers) fail_torch(where + " exceeds 2^31 numbers");
      if (size > 0) last += (size - 1) * tensor.strides[i];
      // At most 2^63 - 1, because both factors are at most 2^31 and `last` is checked each time.
      if (last > kMaxNumbers) fail_torch(where + " exceeds its storage");
    }
    if (count > 0 && last >= stored) {
      fail_torch(where + " of shape " + shape_text(tensor.shape) + " exceeds its storage of " +
                 std::to_string(stored) + " numbers");
    }
  }

  const Pickle& pickle_;
};

// Calls `next` with each pickle of the legacy form, in order.
Pickle take_pickle(std::span<const std::uint8_t>& rest) {
  Pickle pickle = read_pickle(rest);
  rest = rest.subspan(pickle.size);
  return pickle;
}

void check_legacy_header(std::span<const std::uint8_t>& rest) {
  const Pickle magic = take_pickle(rest);
  if (magic[magic.root].kind != Kind::long_integer || magic[magic.root].text != kMagic) {
    fail_torch("its first number is not that of a PyTorch file");
  }
  const Pickle protocol = take_pickle(rest);
  if (protocol[protocol.root].kind != Kind::integer ||
      protocol[protocol.root].integer != kLegacyProtocol) {
    fail_torch("its protocol is not 1001");
  }
  const Pickle system = take_pickle(rest);
  const auto& items = system[system.root].items;
  for (std::size_t i = 0; system[system.root].kind == Kind::dict && i < items.size(); i += 2) {
    if (system[items[i]].text != "little_endian") continue;
    if (system[items[i + 1]].integer == 1) return;
    fail_torch("its numbers are not little-endian");
  }
  fail_torch("its byte order is missing");
}

// After the pickles: for each key, the count in 8 bytes and the numbers.
StorageBytes read_storages(const Pickle& keys, const std::map<std::string_view, StorageId>& known,
                           std::span<const std::uint8_t> rest) {
  ByteReader in(rest, "PyTorch file");
  StorageBytes storages;
  if (keys[keys.root].kind != Kind::list) fail_torch("the list of its storages is missing");
  for (const std::uint32_t item : keys[keys.root].items) {
    const std::string_view key = keys[item].text;
    const auto found = known.find(key);
    if (keys[item].kind != Kind::text || found == known.end() || storages.count(key) != 0) {
      fail_torch("storage \"" + shown(key) + "\" is not one of the state dict");
    }
    const std::uint64_t count = in.number(8);
    if (count != std::uint64_t(found->second.count)) {
      fail_torch("storage " + shown(key) + " has " + std::to_string(count) + " numbers, not " +
                 std::to_string(found->second.count));
    }
    storages[found->first] = in.bytes(found->second.bytes());
  }
  if (in.left() != 0) fail_torch(std::to_string(in.left()) + " bytes remain after its storages");
  if (storages.size() != known.size()) fail_torch("a storage is missing");
  return storages;
}

// The path of data.pkl, or nothing.
std::string pickle_path(const ArchiveFiles& files) {
  for (const auto& [path, bytes] : files) {
    if (path == "data.pkl" || path.ends_with("/data.pkl")) return path;
  }
  return {};
}

}  // namespace

std::int64_t TorchTensor::count() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

bool is_torch_legacy(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kMagicStart.size() + kMagic.size() &&
         std::memcmp(bytes.data(), kMagicStart.data(), kMagicStart.size()) == 0 &&
         std::memcmp(bytes.data() + kMagicStart.size(), kMagic.data(), kMagic.size()) == 0;
}

std::vector<TorchTensor> read_torch_legacy(std::span<const std::uint8_t> bytes) {
  std::span<const std::uint8_t> rest = bytes;
  check_legacy_header(rest);
  const Pickle object = take_pickle(rest);
  const Pickle keys = take_pickle(rest);
  const StateDict state(object);
  return state.tensors(read_storages(keys, state.storages(), rest));
}

bool is_torch_archive(const ArchiveFiles& files) {
  return !pickle_path(files).empty();
}

std::vector<TorchTensor> read_torch_archive(const ArchiveFiles& files) {
  const std::string path = pickle_path(files);
  if (path.empty()) fail_torch("it has no data.pkl");
  const std::string folder = path.substr(0, path.size() - std::string_view("data.pkl").size());
  if (files.count(folder + "constants.pkl") != 0) {
    fail_torch("it is a TorchScript program, not a state dict");
  }
  const auto order = files.find(folder + "byteorder");
  if (order != files.end() && std::string_view(reinterpret_cast<const char*>(order->second.data()),
                                               order->second.size()) != "little") {
    fail_torch("its numbers are not little-endian");
  }
  const Pickle pickle = read_pickle(files.at(path));
  const StateDict state(pickle);
  StorageBytes storages;
  const auto known = state.storages();
  for (const auto& [key, id] : known) {
    const auto found = files.find(folder + "data/" + std::string(key));
    if (found == files.end()) fail_torch("storage " + shown(key) + " is missing");
    if (found->second.size() != id.bytes()) {
      fail_torch("storage " + shown(key) + " has " + std::to_string(found->second.size()) +
                 " bytes, not " + std::to_string(id.bytes()));
    }
    storages[key] = found->second;
  }
  return state.tensors(storages);
}

std::vector<float> row_major(const TorchTensor& tensor) {
  if (!tensor.floating) fail_torch("tensor " + shown(tensor.name) + " does not hold floats");
  std::vector<float> values(static_cast<std::size_t>(tensor.count()));
  std::vector<std::int64_t> index(tensor.shape.size());
  std::int64_t at = tensor.offset;
  for (float& value : values) {
    std::memcpy(&value, tensor.storage.data() + at * std::int64_t{sizeof value}, sizeof value);
    // The next index, last axis first.
    for (std::size_t axis = index.size(); axis-- > 0;) {
      at += tensor.strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      at -= tensor.strides[axis] * tensor.shape[axis];
      index[axis] = 0;
    }
  }
  return values;
}

}  // namespace fovea
