#include "engine/exchange/torch_state.h"

#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/exchange/pickle.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

using Bytes = std::vector<std::uint8_t>;

// Both contain the same state dict: "_conv_stem.weight" {2, 3, 1, 2} stored as {rows, columns, in,
// out}, and "_bn0.bias" {2}, of one storage 0, 0.5, 1, ... (tests/fuzz/make_corpus.py).
Bytes corpus(const std::string& name) {
  return read_file(std::string(FOVEA_SOURCE_DIR) + "/tests/fuzz/corpus/torch_state/" + name);
}
ArchiveFiles corpus_archive() {
  const Bytes bytes = corpus("archive");
  const auto length = static_cast<std::ptrdiff_t>(bytes[0] | bytes[1] << 8);
  ArchiveFiles files;
  files["archive/data.pkl"] = Bytes(bytes.begin() + 2, bytes.begin() + 2 + length);
  files["archive/data/0"] = Bytes(bytes.begin() + 2 + length, bytes.end());
  return files;
}

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

// A pickle of protocol 2 without its end.
const std::string kBegin = std::string("\x80\x02", 2);
std::string unicode(const std::string& text) {
  std::string size(4, '\0');
  size[0] = static_cast<char>(text.size());
  return "X" + size + text;
}
std::string int4(std::int32_t value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return "J" + bytes;
}

// A state dict with one tensor "a" over a storage of `numbers` floats.
std::string one_tensor(const std::string& shape, const std::string& strides, int offset,
                       int numbers) {
  return kBegin + "}" + unicode("a") + "ctorch._utils\n_rebuild_tensor_v2\n((" +
         unicode("storage") + "ctorch\nFloatStorage\n" + unicode("0") + unicode("cpu") +
         int4(numbers) + "tQ" + int4(offset) + shape + strides + "\x89}tRs.";
}
// As an archive that has those numbers.
std::vector<TorchTensor> read_one(const std::string& pickle, std::size_t numbers) {
  static ArchiveFiles files;  // the result points into it
  files = {{"data.pkl", bytes_of(pickle)}, {"data/0", Bytes(4 * numbers)}};
  return read_torch_archive(files);
}

void refuses(const std::string& pickle, const std::string& reason) {
  INFO(reason);
  CHECK_THROWS_WITH(read_pickle(bytes_of(pickle)), ContainsSubstring(reason));
  CHECK_THROWS_AS(read_pickle(bytes_of(pickle)), FormatError);
}

}  // namespace

TEST_CASE("both forms of a PyTorch state dict are read with their strides", "[engine][exchange]") {
  const Bytes legacy = corpus("legacy");
  const ArchiveFiles files = corpus_archive();
  CHECK(is_torch_legacy(legacy));
  CHECK(is_torch_archive(files));
  for (const auto& tensors : {read_torch_legacy(legacy), read_torch_archive(files)}) {
    REQUIRE(tensors.size() >= 2);
    CHECK(tensors[0].name == "_conv_stem.weight");
    CHECK(tensors[0].shape == std::vector<std::int64_t>{2, 3, 1, 2});
    // Number (out, in, row, column) is at out + 2 * in + 6 * column.
    CHECK(row_major(tensors[0]) ==
          std::vector<float>{0, 3, 1, 4, 2, 5, 0.5, 3.5, 1.5, 4.5, 2.5, 5.5});
    CHECK(tensors[1].name == "_bn0.bias");
    CHECK(row_major(tensors[1]) == std::vector<float>{5, 5.5});
  }
  const auto tensors = read_torch_legacy(legacy);
  REQUIRE(tensors.size() == 3);
  CHECK_FALSE(tensors[2].floating);
  CHECK(tensors[2].count() == 1);
  CHECK_THROWS_WITH(row_major(tensors[2]), ContainsSubstring("does not hold floats"));
}

TEST_CASE("every truncation of a PyTorch state dict is rejected", "[engine][exchange]") {
  const Bytes legacy = corpus("legacy");
  for (std::size_t size = 0; size < legacy.size(); ++size) {
    const Bytes cut(legacy.begin(), legacy.begin() + std::ptrdiff_t(size));
    REQUIRE_THROWS_AS(read_torch_legacy(cut), FormatError);
  }
  Bytes longer = legacy;
  longer.push_back(0);
  CHECK_THROWS_WITH(read_torch_legacy(longer), ContainsSubstring("1 bytes remain"));
  ArchiveFiles files = corpus_archive();
  files["archive/data/0"].pop_back();
  CHECK_THROWS_WITH(read_torch_archive(files), ContainsSubstring("storage 0 has 47 bytes, not 48"));
  files.erase("archive/data/0");
  CHECK_THROWS_WITH(read_torch_archive(files), ContainsSubstring("storage 0 is missing"));
}

TEST_CASE("a pickle that would call anything is rejected by the name of the function",
          "[engine][exchange]") {
  refuses(kBegin + "cos\nsystem\n(" + unicode("true") + "tR.",
          "os.system is not allowed in a state dict (byte ");
  refuses(kBegin + "c__builtin__\neval\n.", "__builtin__.eval is not allowed");
  refuses(kBegin + "ctorch\nHalfStorage\n.", "torch.HalfStorage is not allowed");
  refuses(kBegin + "c\x1b[2J\nx\n.", "?[2J.x is not allowed");
  refuses(kBegin + "c" + std::string(300, 'a'), "the name of a type does not end");
  refuses(kBegin + "ctorch\nFloatStorage\n)R.", "torch.FloatStorage is called in a way");
  refuses(kBegin + "ccollections\nOrderedDict\n(K\x01tR.", "collections.OrderedDict is called");
  refuses(kBegin + "K\x01)R.", "a value is called that is not a function");
  refuses(kBegin + "(S'true'\nios\nsystem\n.", "operation 0x53 is not allowed");
  refuses(kBegin + "(i__main__\nx\n.", "operation 0x69 is not allowed");
  refuses(kBegin + "\x81.", "operation 0x81 is not allowed");
}

TEST_CASE("a malformed pickle is rejected with the reason", "[engine][exchange]") {
  refuses("", "");
  refuses("K", "does not begin with a protocol");
  refuses("\x80\x04.", "protocol 4 is not supported");
  refuses(kBegin + ".", "exactly one value");
  refuses(kBegin + "NN.", "exactly one value");
  refuses(kBegin + "(N.", "exactly one value");
  refuses(kBegin + "t", "a mark is missing");
  refuses(kBegin + "N(\x85.", "a value is missing");
  refuses(kBegin + "(q", "");
  refuses(kBegin + "q\x01", "a value is missing");
  refuses(kBegin + "h\x01", "value 1 is not stored");
  refuses(kBegin + "NNs.", "a value is missing");
  refuses(kBegin + "NNNs.", "another kind");
  refuses(kBegin + "}(Nu.", "a key has no value");
  refuses(kBegin + "NNb.", "attributes of a value");
  refuses(kBegin + "NQ.", "persistent id is not a tuple");
  refuses(kBegin + "X\xff\xff\xff\x7f" + "abc", "2147483647 bytes expected");
}

TEST_CASE("the memory of a pickle is bounded", "[engine][exchange]") {
  refuses(kBegin + std::string(1 << 19, '('), "more than 262144 marks");
  refuses(kBegin + std::string(1 << 19, 'N'), "more than 262144 values");
  std::string gets = kBegin + std::string("Nq\0", 3);
  for (int i = 0; i < 1 << 21; ++i) gets += std::string("h\0", 2);
  refuses(gets, "more than 1048576 values on the stack");
  // A tuple of 1000 values that is copied into 2000 persistent ids.
  std::string copies = kBegin + "(" + std::string(1000, 'N') + std::string("tq\0", 3);
  for (int i = 0; i < 2000; ++i) copies += std::string("h\0Q", 3);
  refuses(copies, "more than 1048576 items");
  // A list that contains itself.
  CHECK(read_pickle(bytes_of(kBegin + std::string("]q\0h\0a.", 7))).nodes.size() == 1);
}

TEST_CASE("a tensor outside of its storage is rejected", "[engine][exchange]") {
  const auto rejected = [](const std::string& pickle, const std::string& reason) {
    INFO(reason);
    CHECK_THROWS_WITH(read_one(pickle, 12), ContainsSubstring(reason));
    CHECK_THROWS_AS(read_one(pickle, 12), FormatError);
  };
  const std::string two_three = "K\x02K\x03\x86", strides = "K\x03K\x01\x86";
  CHECK(row_major(read_one(one_tensor(two_three, strides, 6, 12), 12).at(0)).size() == 6);
  CHECK(row_major(read_one(one_tensor(two_three, "K" + std::string(1, '\0') + "K\x01\x86", 0, 12),
                           12)
                      .at(0))
            .size() == 6);  // a stride of 0 repeats numbers
  rejected(one_tensor(two_three, strides, 7, 12), "of shape [2, 3] exceeds its storage of 12");
  rejected(one_tensor(two_three, "K\x0aK\x01\x86", 0, 12), "exceeds its storage");
  rejected(one_tensor(two_three, strides, -1, 12), "-1 is out of range");
  rejected(one_tensor("K\x02" + int4(-3) + "\x86", strides, 0, 12), "-3 is out of range");
  rejected(one_tensor(two_three, "K\x03" + int4(-1) + "\x86", 0, 12), "-1 is out of range");
  rejected(one_tensor(int4(1 << 30) + int4(1 << 30) + "\x86", strides, 0, 12),
           "exceeds its storage");
  rejected(one_tensor(int4(1 << 30) + int4(4) + "\x86", std::string("K\0K\0\x86", 5), 0, 12),
           "exceeds 2^31 numbers");
  rejected(one_tensor(two_three, "K\x01\x85", 0, 12), "has the wrong form");
  rejected(one_tensor(two_three, strides, 0, 13), "storage 0 has 48 bytes, not 52");
  rejected(one_tensor(two_three, strides, 0, -1), "storage 0 has -1 numbers");
  rejected(kBegin + "}" + unicode("a") + "K\x01s.", "a is not a tensor");
  rejected(kBegin + "}K\x01K\x01s.", "a key of the state dict is not a text");
  rejected(kBegin + "K\x01.", "does not contain a state dict");
}

TEST_CASE("other programs than state dicts are rejected", "[engine][exchange]") {
  ArchiveFiles files = corpus_archive();
  files["archive/constants.pkl"] = {};
  CHECK_THROWS_WITH(read_torch_archive(files), ContainsSubstring("TorchScript program"));
  files = corpus_archive();
  files["archive/byteorder"] = bytes_of("big");
  CHECK_THROWS_WITH(read_torch_archive(files), ContainsSubstring("not little-endian"));
  CHECK_FALSE(is_torch_archive({}));
  CHECK_THROWS_WITH(read_torch_archive({}), ContainsSubstring("no data.pkl"));
  CHECK_FALSE(is_torch_legacy({}));
}
