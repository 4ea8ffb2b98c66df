#include "server/store/postgres/values.h"

#include <libpq-fe.h>

#include <bit>
#include <cstdlib>

#include "engine/core/error.h"

namespace fovea::server::postgres {
namespace {

// Numbers of PostgreSQL's types (pg_type.dat).
constexpr unsigned kBool = 16, kBytea = 17, kInt8 = 20, kText = 25, kFloat8 = 701;
constexpr unsigned kBoolArray = 1000, kByteaArray = 1001, kTextArray = 1009, kInt8Array = 1016,
                   kFloat8Array = 1022;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t read_big_endian(const char* bytes, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The binary form of a one-dimensional array.
class ArrayText {
 public:
  ArrayText(unsigned element_type, std::size_t size) {
    append_big_endian(out_, size == 0 ? 0 : 1, 4);  // dimensions
    append_big_endian(out_, 1, 4);                  // may contain nulls
    append_big_endian(out_, element_type, 4);
    if (size == 0) return;
    append_big_endian(out_, size, 4);
    append_big_endian(out_, 1, 4);  // the first index
  }
  void add(std::uint64_t value, int bytes) {
    append_big_endian(out_, static_cast<std::uint64_t>(bytes), 4);
    append_big_endian(out_, value, bytes);
  }
  void add(std::string_view bytes) {
    append_big_endian(out_, bytes.size(), 4);
    out_ += bytes;
  }
  void add_null() { append_big_endian(out_, 0xffffffff, 4); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// The length of the UTF-8 character at the start of the text; 0 if there is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t from, std::size_t to) {
    for (; from < to; ++from) {
      if ((byte(from) & 0xC0) != 0x80) return false;
    }
    return true;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return continues(1, 2) ? 2 : 0;
  if (first < 0xF0) {
    if (!continues(1, 3) || (first == 0xE0 && byte(1) < 0xA0)) return 0;
    return first == 0xED && byte(1) >= 0xA0 ? 0 : 3;  // surrogates
  }
  if (first > 0xF4 || !continues(1, 4) || (first == 0xF0 && byte(1) < 0x90)) return 0;
  return first == 0xF4 && byte(1) >= 0x90 ? 0 : 4;
}

}  // namespace

std::string valid_text(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character(text);
    valid += length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(length > 0 ? length : 1);
  }
  return valid;
}

void Params::push(unsigned type, std::string binary) {
  owned_.push_back(std::move(binary));
  types_.push_back(type);
  values_.push_back(owned_.back().data());
  lengths_.push_back(static_cast<int>(owned_.back().size()));
  formats_.push_back(1);
}

void Params::add(std::int64_t value) {
  std::string binary;
  append_big_endian(binary, static_cast<std::uint64_t>(value), 8);
  push(kInt8, std::move(binary));
}

void Params::add(double value) {
  std::string binary;
  append_big_endian(binary, std::bit_cast<std::uint64_t>(value), 8);
  push(kFloat8, std::move(binary));
}

void Params::add(bool value) {
  push(kBool, std::string(1, value ? '\1' : '\0'));
}

void Params::add(std::string_view text) {
  push(kText, valid_text(text));
}

void Params::add(Bytes bytes) {
  types_.push_back(kBytea);
  // A null pointer would be NULL.
  values_.push_back(bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data()));
  lengths_.push_back(static_cast<int>(bytes.size()));
  formats_.push_back(1);
}

void Params::add(const std::vector<std::int64_t>& values) {
  ArrayText array(kInt8, values.size());
  for (const std::int64_t value : values) array.add(static_cast<std::uint64_t>(value), 8);
  push(kInt8Array, array.take());
}

void Params::add(const std::vector<std::optional<std::int64_t>>& values) {
  ArrayText array(kInt8, values.size());
  for (const auto& value : values) {
    value ? array.add(static_cast<std::uint64_t>(*value), 8) : array.add_null();
  }
  push(kInt8Array, array.take());
}

void Params::add(const std::vector<double>& values) {
  ArrayText array(kFloat8, values.size());
  for (const double value : values) array.add(std::bit_cast<std::uint64_t>(value), 8);
  push(kFloat8Array, array.take());
}

void Params::add(const std::vector<bool>& values) {
  ArrayText array(kBool, values.size());
  for (const bool value : values) array.add(value ? 1 : 0, 1);
  push(kBoolArray, array.take());
}

void Params::add(const std::vector<std::string>& texts) {
  ArrayText array(kText, texts.size());
  for (const std::string& text : texts) array.add(valid_text(text));
  push(kTextArray, array.take());
}

void Params::add(const std::vector<std::optional<std::string>>& texts) {
  ArrayText array(kText, texts.size());
  for (const auto& text : texts) text ? array.add(valid_text(*text)) : array.add_null();
  push(kTextArray, array.take());
}

void Params::add(const std::vector<Bytes>& values) {
  ArrayText array(kBytea, values.size());
  for (const Bytes bytes : values) {
    array.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  push(kByteaArray, array.take());
}

Result::Result(pg_result* result) : result_(result, PQclear) {}

int Result::rows() const {
  return PQntuples(result_.get());
}

std::int64_t Result::affected() const {
  return std::atoll(PQcmdTuples(result_.get()));
}

bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::int64_t Result::integer(int row, int column) const {
  if (is_null(row, column)) return 0;
  const int length = PQgetlength(result_.get(), row, column);
  const std::uint64_t value = read_big_endian(PQgetvalue(result_.get(), row, column), length);
  switch (length) {
    case 1:
      return static_cast<std::int64_t>(value);  // a boolean
    case 2:
      return static_cast<std::int16_t>(value);
    case 4:
      return static_cast<std::int32_t>(value);
    case 8:
      return static_cast<std::int64_t>(value);
    default:
      throw IoError("a column of the database is not an integer");
  }
}

std::optional<std::int64_t> Result::optional_integer(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return integer(row, column);
}

double Result::real(int row, int column) const {
  if (is_null(row, column)) return 0;
  if (PQgetlength(result_.get(), row, column) != 8) {
    throw IoError("a column of the database is not a double");
  }
  return std::bit_cast<double>(read_big_endian(PQgetvalue(result_.get(), row, column), 8));
}

std::string Result::text(int row, int column) const {
  const Bytes all = bytes(row, column);
  return {all.begin(), all.end()};
}

Bytes Result::bytes(int row, int column) const {
  return {reinterpret_cast<const std::uint8_t*>(PQgetvalue(result_.get(), row, column)),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::string Result::command() const {
  return PQcmdStatus(result_.get());
}

}  // namespace fovea::server::postgres
