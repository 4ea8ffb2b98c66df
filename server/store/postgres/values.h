#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct pg_result;  // NOLINT(readability-identifier-naming): the name of the library

namespace fovea::server::postgres {

using Bytes = std::span<const std::uint8_t>;

// The parameters $1, $2 ... of a statement. Texts and arrays are copied, bytes are not. Invalid
// UTF-8 and NUL characters, which PostgreSQL rejects in texts, are replaced by U+FFFD.
class Params {
 public:
  Params() = default;
  Params(Params&&) = default;
  Params& operator=(Params&&) = default;

  template <class... T>
  static Params of(const T&... values) {
    Params params;
    (params.add(values), ...);
    return params;
  }

  void add(std::int64_t value);
  void add(int value) { add(std::int64_t{value}); }
  void add(double value);
  void add(bool value);
  void add(std::string_view text);
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const char* text) { add(std::string_view(text)); }
  void add(Bytes bytes);  // which must live until the statement is done
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) return add(*value);
    add(T{});  // for its type
    values_.back() = nullptr;
  }
  // Arrays.
  void add(const std::vector<std::int64_t>& values);
  void add(const std::vector<std::optional<std::int64_t>>& values);
  void add(const std::vector<double>& values);
  void add(const std::vector<bool>& values);
  void add(const std::vector<std::string>& texts);
  void add(const std::vector<std::optional<std::string>>& texts);
  void add(const std::vector<Bytes>& values);

  int size() const { return static_cast<int>(values_.size()); }
  const unsigned* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void push(unsigned type, std::string binary);

  std::deque<std::string> owned_;
  std::vector<unsigned> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
};

// The rows that a statement returned, in the binary format.
class Result {
 public:
  explicit Result(pg_result* result);

  int rows() const;
  std::int64_t affected() const;  // rows inserted, changed or deleted
  bool is_null(int row, int column) const;
  std::int64_t integer(int row, int column) const;  // 0 if null; also of booleans
  double real(int row, int column) const;
  std::string text(int row, int column) const;  // empty if null
  Bytes bytes(int row, int column) const;       // valid while the Result exists
  std::optional<std::int64_t> optional_integer(int row, int column) const;
  std::string command() const;  // "COMMIT", "INSERT 0 1"

 private:
  std::shared_ptr<pg_result> result_;
};

// The text with U+FFFD in place of NUL characters and of bytes that are not UTF-8.
std::string valid_text(std::string_view text);

}  // namespace fovea::server::postgres
