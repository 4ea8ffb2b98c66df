#include "engine/exchange/pickle.h"

#include <algorithm>
#include <unordered_map>

#include "engine/core/byte_io.h"
#include "engine/core/text.h"

namespace fovea {
namespace {

using Kind = PickleNode::Kind;

constexpr std::size_t kMaxNodes = std::size_t{1} << 18;  // also of marks and memo entries
constexpr std::size_t kMaxItems = std::size_t{1} << 20;  // of all values, and of the stack
constexpr std::size_t kMaxName = 256;  // bytes of the module or the name of a type

constexpr char kOrderedDict[] = "collections.OrderedDict";
constexpr char kRebuildTensor[] = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kAllowedTypes[] = {kOrderedDict, kRebuildTensor, "torch.FloatStorage",
                                              "torch.LongStorage"};

// The operations of Python's pickletools, protocol 2, of which a state dict consists.
enum Op : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kInt4 = 'J',
  kInt1 = 'K',
  kInt2 = 'M',
  kNone = 'N',
  kPersistentId = 'Q',
  kReduce = 'R',
  kUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kGet1 = 'h',
  kGet4 = 'j',
  kPut1 = 'q',
  kPut4 = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyTuple = ')',
  kProtocol = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kTrue = 0x88,
  kFalse = 0x89,
  kLong1 = 0x8a,
};

// The pickle machine: a stack of values, a stack of marks in it, and a memo of numbered values.
class PickleReader {
 public:
  explicit PickleReader(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), in_(bytes, "pickle") {}

  Pickle read() {
    if (in_.number(1) != kProtocol) fail("it does not begin with a protocol number");
    const std::uint64_t protocol = in_.number(1);
    if (protocol != 2) fail("protocol " + std::to_string(protocol) + " is not supported, only 2");
    while (step(static_cast<std::uint8_t>(in_.number(1)))) {
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("it does not end with exactly one value");
    pickle_.root = stack_.back();
    pickle_.size = offset();
    return std::move(pickle_);
  }

 private:
  std::size_t offset() const { return bytes_.size() - in_.left(); }
  [[noreturn]] void fail(const std::string& problem) const {
    in_.fail(problem + " (byte " + std::to_string(offset()) + ")");
  }

  // False at the end of the pickle.
  bool step(std::uint8_t op) {
    if (op == kStop) return false;
    if (constant(op) || container(op) || memo(op) || torch(op)) return true;
    fail("operation 0x" + to_hex({&op, 1}) + " is not allowed in a state dict");
  }

  bool constant(std::uint8_t op) {
    switch (op) {
      case kNone:
        push({});
        return true;
      case kTrue:
      case kFalse:
        push({Kind::boolean, op == kTrue, {}, {}});
        return true;
      case kInt1:
      case kInt2:
        push({Kind::integer, static_cast<std::int64_t>(in_.number(op == kInt1 ? 1 : 2)), {}, {}});
        return true;
      case kInt4:
        push({Kind::integer, static_cast<std::int32_t>(in_.number(4)), {}, {}});
        return true;
      case kLong1:
        long_integer(in_.number(1));
        return true;
      case kUnicode:
        push({Kind::text, 0, text(in_.number(4)), {}});
        return true;
      default:
        return false;
    }
  }

  bool container(std::uint8_t op) {
    switch (op) {
      case kMark:
        limit(marks_.size(), kMaxNodes, "marks");
        marks_.push_back(stack_.size());
        return true;
      case kEmptyTuple:
      case kEmptyList:
      case kEmptyDict:
        push(op == kEmptyTuple ? Kind::tuple : op == kEmptyList ? Kind::list : Kind::dict, {});
        return true;
      case kTuple:
        push(Kind::tuple, pop_to_mark());
        return true;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        push(Kind::tuple, pop(op - kTuple1 + std::size_t{1}));
        return true;
      case kAppend:
      case kAppends:
        extend(Kind::list, op == kAppend ? pop(1) : pop_to_mark());
        return true;
      case kSetItem:
      case kSetItems:
        extend(Kind::dict, op == kSetItem ? pop(2) : pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool memo(std::uint8_t op) {
    switch (op) {
      case kPut1:
      case kPut4:
        limit(memo_.size(), kMaxNodes, "stored values");
        memo_[in_.number(op == kPut1 ? 1 : 4)] = top();
        return true;
      case kGet1:
      case kGet4: {
        const std::uint64_t key = in_.number(op == kGet1 ? 1 : 4);
        const auto found = memo_.find(key);
        if (found == memo_.end()) fail("value " + std::to_string(key) + " is not stored");
        limit(stack_.size(), kMaxItems, "values on the stack");
        stack_.push_back(found->second);
        return true;
      }
      default:
        return false;
    }
  }

  // Types, what Python would call, and references to numbers outside of the pickle.
  bool torch(std::uint8_t op) {
    switch (op) {
      case kGlobal:
        global();
        return true;
      case kReduce:
        reduce();
        return true;
      case kBuild:
        // An attribute of the dictionary (_metadata), which does not change its values.
        pop(1);
        if (pickle_[top()].kind != Kind::dict) fail("attributes of a value that is not a dict");
        return true;
      case kPersistentId: {
        const std::uint32_t id = pop(1)[0];
        if (pickle_[id].kind != Kind::tuple) fail("a persistent id is not a tuple");
        push(Kind::storage, pickle_[id].items);
        return true;
      }
      default:
        return false;
    }
  }

  void global() {
    std::string name(line());
    name.append(".").append(line());
    const auto* known = std::find(std::begin(kAllowedTypes), std::end(kAllowedTypes), name);
    if (known == std::end(kAllowedTypes)) {
      std::string shown = name;
      for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
      fail(shown + " is not allowed in a state dict");
    }
    push({Kind::type, 0, *known, {}});
  }

  void reduce() {
    const std::vector<std::uint32_t> call = pop(2);
    const PickleNode &function = pickle_[call[0]], &arguments = pickle_[call[1]];
    if (function.kind != Kind::type || arguments.kind != Kind::tuple) {
      fail("a value is called that is not a function, or without a tuple of arguments");
    }
    if (function.text == kRebuildTensor) {
      push(Kind::tensor, arguments.items);
    } else if (function.text == kOrderedDict && arguments.items.empty()) {
      push(Kind::dict, {});
    } else {
      fail(std::string(function.text) + " is called in a way that is not supported");
    }
  }

  void long_integer(std::uint64_t size) {
    const std::string_view digits = text(size);
    if (size > 8) {
      push({Kind::long_integer, 0, digits, {}});
      return;
    }
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
      value = value << 8 | static_cast<std::uint8_t>(digits[i - 1]);
    }
    const bool negative = size > 0 && (digits[size - 1] & 0x80) != 0;
    if (negative && size < 8) value |= ~std::uint64_t{0} << (8 * size);
    push({Kind::integer, static_cast<std::int64_t>(value), {}, {}});
  }

  std::string_view text(std::uint64_t size) {
    const auto from = in_.bytes(size);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  std::string_view line() {
    const auto rest = bytes_.subspan(offset());
    const auto within = rest.first(std::min(rest.size(), kMaxName));
    const auto end = std::find(within.begin(), within.end(), '\n');
    if (end == within.end()) fail("the name of a type does not end");
    const std::string_view result = text(static_cast<std::size_t>(end - within.begin()));
    in_.bytes(1);
    return result;
  }

  void push(Kind kind, std::vector<std::uint32_t> items) { push({kind, 0, {}, std::move(items)}); }
  void push(PickleNode node) {
    limit(pickle_.nodes.size(), kMaxNodes, "values");
    items_ += node.items.size();
    limit(items_, kMaxItems, "items");
    stack_.push_back(static_cast<std::uint32_t>(pickle_.nodes.size()));
    pickle_.nodes.push_back(std::move(node));
  }
  void limit(std::size_t count, std::size_t largest, const char* things) const {
    if (count >= largest) fail("more than " + std::to_string(largest) + " " + things);
  }
  std::uint32_t top() const {
    if (stack_.size() <= floor()) fail("a value is missing");
    return stack_.back();
  }
  // Values below the last mark belong to an outer value.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<std::uint32_t> pop(std::size_t count) {
    if (stack_.size() - floor() < count) fail("a value is missing");
    std::vector<std::uint32_t> values(stack_.end() - static_cast<std::ptrdiff_t>(count),
                                      stack_.end());
    stack_.resize(stack_.size() - count);
    return values;
  }
  std::vector<std::uint32_t> pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    std::vector<std::uint32_t> values = pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }
  void extend(Kind kind, const std::vector<std::uint32_t>& values) {
    PickleNode& target = pickle_.nodes[top()];
    if (target.kind != kind) fail("items are added to a value of another kind");
    if (kind == Kind::dict && values.size() % 2 != 0) fail("a key has no value");
    items_ += values.size();
    limit(items_, kMaxItems, "items");
    target.items.insert(target.items.end(), values.begin(), values.end());
  }

  std::span<const std::uint8_t> bytes_;
  ByteReader in_;
  Pickle pickle_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, std::uint32_t> memo_;
  std::size_t items_ = 0;
};

}  // namespace

Pickle read_pickle(std::span<const std::uint8_t> bytes) {
  return PickleReader(bytes).read();
}

}  // namespace fovea
