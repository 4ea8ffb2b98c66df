#include "engine/model/safetensors.h"

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

const std::vector<std::uint8_t> kNumbers{0, 0, 128, 63, 0, 0, 0, 64, 0, 60};  // 1f, 2f, half 1

std::vector<std::uint8_t> small_file() {
  Safetensors file;
  file.metadata["key"] = "value \"quoted\" \xc3\xa9";
  const std::span<const std::uint8_t> bytes(kNumbers);
  file.tensors = {{"h", DType::f16, {1}, bytes.subspan(8)},
                  {"f", DType::f32, {2, 1}, bytes.first(8)}};
  return write_safetensors(file);
}

std::string header_of(const std::vector<std::uint8_t>& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  return {file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(length)};
}

// A file with this header and valid hashes, as an attacker could write it.
std::vector<std::uint8_t> forge(std::string header, const std::vector<std::uint8_t>& data) {
  const auto fill = [&](const std::string& key, const std::string& value) {
    const auto at = header.find(key);
    if (at != std::string::npos) header.replace(at + key.size(), 64, value);
  };
  fill("\"sha256\":\"", sha256_hex(data));
  header.resize((header.size() + 7) / 8 * 8, ' ');
  fill("\"header_sha256\":\"", std::string(64, '0'));
  const std::string hash =
      sha256_hex({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
  fill("\"header_sha256\":\"", hash);
  std::vector<std::uint8_t> file(8 + header.size() + data.size());
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  std::copy(data.begin(), data.end(), std::copy(header.begin(), header.end(), file.begin() + 8));
  return file;
}

std::string with(std::string text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), other);
}

}  // namespace

TEST_CASE("a safetensors file returns its tensors and metadata", "[engine][model]") {
  const auto bytes = small_file();
  const Safetensors file = read_safetensors(bytes);
  CHECK(file.metadata == std::map<std::string, std::string>{{"key", "value \"quoted\" \xc3\xa9"}});
  CHECK(file.sha256 == sha256_hex(kNumbers));
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "f");  // F32 first
  CHECK(file.tensors[0].shape == std::vector<std::int64_t>{2, 1});
  CHECK(std::equal(kNumbers.begin(), kNumbers.begin() + 8, file.tensors[0].bytes.begin()));
  CHECK(file.tensors[1].dtype == DType::f16);
  CHECK(file.tensors[1].bytes[1] == 60);
}

TEST_CASE("tensor bytes begin at a multiple of eight", "[engine][model]") {
  CHECK((small_file().size() - kNumbers.size()) % 8 == 0);
}

TEST_CASE("every truncation and every flipped bit of a safetensors file is rejected",
          "[engine][model]") {
  const auto good = small_file();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::vector<std::uint8_t> cut(good.begin(),
                                        good.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(read_safetensors(cut), FormatError);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ (1u << bit));
      CHECK_THROWS_AS(read_safetensors(bad), FormatError);
    }
  }
  auto longer = good;
  longer.push_back(0);
  CHECK_THROWS_WITH(read_safetensors(longer), ContainsSubstring("1 bytes follow the last tensor"));
}

TEST_CASE("a forged header with valid hashes is rejected with the reason", "[engine][model]") {
  const std::string header = header_of(small_file());
  CHECK_NOTHROW(read_safetensors(forge(header, kNumbers)));
  const auto refuses = [&](const std::string& part, const std::string& other,
                           const std::string& message) {
    const auto bytes = forge(with(header, part, other), kNumbers);
    CHECK_THROWS_WITH(read_safetensors(bytes), ContainsSubstring(message));
    CHECK_THROWS_AS(read_safetensors(bytes), FormatError);
  };
  refuses("[0,8]", "[0,4]", "tensor f: data_offsets [0,4] do not hold the 8 bytes of its shape");
  refuses("[0,8]", "[8,0]", "do not hold");
  refuses("[0,8]", "[-8,0]", "tensor f: data_offsets[0] is -8");
  refuses("[0,8]", "[0,8,9]", "data_offsets has 3 entries, not 2");
  refuses("[0,8]", "[1,9]", "tensor f begins at byte 1, expected 0");
  refuses("[8,10]", "[6,8]", "tensor h begins at byte 6, expected 8");
  refuses("[8,10]", "[18446744073709551614,18446744073709551616]", "");
  refuses("[1]", "[9007199254740993]", "the limit is 2^31 numbers");
  refuses("[1]", "[65536,65536]", "the limit is 2^31 numbers");
  refuses("[1]", "[1.0]", "not a whole number");
  refuses("[1]", "[1,1,1,1,1,1,1,1,1]", "the limit is 8");
  refuses("\"F16\"", "\"BF16\"", "tensor h: dtype BF16 is not supported");
  refuses("\"h\":{", "\"f\":{", "key \"f\" appears twice");
  refuses("\"key\":\"", "\"key\":1,\"k\":\"", "__metadata__.key is not a string");
  refuses("\"sha256\":", "\"sha257\":", "");
  refuses("\"header_sha256\":", "\"header_sha257\":", "no header_sha256");
  refuses("{\"__metadata__\"", "[{\"__metadata__\"", "header");
}

TEST_CASE("metadata that is not UTF-8 is not written", "[engine][model]") {
  Safetensors file;
  file.metadata["key"] = "\xff";
  CHECK_THROWS_AS(write_safetensors(file), FormatError);
}
