#include "engine/core/sha256.h"

#include <string>

#include "tests/support/catch.h"

using namespace fovea;

namespace {
std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
}  // namespace

TEST_CASE("SHA-256 gives the digests of the FIPS 180-4 examples", "[engine][core]") {
  CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex(bytes("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex(bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(bytes(std::string(1000000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of pieces equals SHA-256 of the whole", "[engine][core]") {
  const std::string text(1000, 'x');
  Sha256 sha;
  for (std::size_t at = 0; at < text.size(); at += 37) sha.update(bytes(text.substr(at, 37)));
  CHECK(sha.hex() == sha256_hex(bytes(text)));
}
