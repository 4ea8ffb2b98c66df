#include "server/store/postgres/copy_sqlite.h"

#include <bit>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "engine/core/sha256.h"
#include "server/store/database.h"
#include "server/store/postgres/copied_tables.h"
#include "server/store/postgres/database.h"
#include "server/store/prediction_rows.h"
#include "server/store/store.h"

namespace fovea::server::postgres {
namespace {

constexpr std::size_t kMaxBatchBytes = 8 << 20;  // of texts and bytes

// A hash of the values of a table, equal for equal values in both databases.
class TableHash {
 public:
  void add_null() { add('n', {}); }
  void add(std::int64_t value) { add_number('i', static_cast<std::uint64_t>(value)); }
  void add(double value) { add_number('r', std::bit_cast<std::uint64_t>(value)); }
  void add(Bytes bytes) {
    add_number('b', bytes.size());
    hash_.update(bytes);
  }
  std::string hex() { return hash_.hex(); }

 private:
  void add(char kind, Bytes bytes) {
    const auto byte = static_cast<std::uint8_t>(kind);
    hash_.update({&byte, 1});
    hash_.update(bytes);
  }
  void add_number(char kind, std::uint64_t value) {
    add(kind, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }
  Sha256 hash_;
};

Bytes as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The values of one column of the rows in memory.
struct ColumnBatch {
  std::vector<std::optional<std::int64_t>> integers;
  std::vector<bool> booleans;
  std::vector<double> reals;
  std::vector<std::optional<std::string>> texts;  // also bytes

  // Returns the number of bytes.
  std::size_t add(Kind kind, const SQLite::Column& value, TableHash& hash) {
    if (value.isNull()) {
      hash.add_null();
      if (kind == Kind::integer)
        integers.emplace_back();
      else if (kind == Kind::text)
        texts.emplace_back();
      else
        throw IoError(fmt::format("the column {} has no value", value.getName()));
      return 0;
    }
    if (kind == Kind::real) hash.add(reals.emplace_back(value.getDouble()));
    if (kind == Kind::integer) hash.add(*integers.emplace_back(value.getInt64()));
    if (kind == Kind::boolean) {
      booleans.push_back(value.getInt64() != 0);
      hash.add(std::int64_t{booleans.back()});
    }
    if (kind == Kind::text || kind == Kind::bytes) {
      const std::string stored = value.getString();
      texts.emplace_back(kind == Kind::text ? valid_text(stored) : stored);
      hash.add(as_bytes(*texts.back()));
      return stored.size();
    }
    return 8;
  }

  void move_to(Params& params, Kind kind) {
    if (kind == Kind::integer) params.add(integers);
    if (kind == Kind::boolean) params.add(booleans);
    if (kind == Kind::real) params.add(reals);
    if (kind == Kind::text) params.add(texts);
    if (kind == Kind::bytes) {
      std::vector<Bytes> contents;
      for (const auto& content : texts) contents.push_back(as_bytes(*content));
      params.add(contents);
    }
    *this = {};
  }
};

std::string names_of(const Table& table, bool in_sqlite) {
  std::string names;
  for (const Column& column : table.columns) {
    names += (names.empty() ? "" : ", ") +
             (in_sqlite && !column.source.empty() ? column.source : column.name);
  }
  return names;
}

std::string insert_statement(const Table& table) {
  std::string numbers;
  for (std::size_t i = 1; i <= table.columns.size(); ++i) {
    numbers += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  }
  return fmt::format("INSERT INTO {}({}) SELECT * FROM unnest({})", table.name,
                     names_of(table, false), numbers);
}

CopiedTable copy_table(SQLite::Database& from, Connection& to, const Table& table,
                       const std::function<void(std::int64_t)>& progress) {
  SQLite::Statement rows(
      from, fmt::format("SELECT {} FROM {} {} ORDER BY {}", names_of(table, true), table.name,
                        table.filter.empty() ? "" : "WHERE " + table.filter, table.order));
  const std::string insert = insert_statement(table);
  std::vector<ColumnBatch> batch(table.columns.size());
  TableHash hash;
  std::int64_t count = 0, written = 0;
  std::size_t bytes = 0;
  const auto write = [&] {
    if (count == written) return;
    Params params;
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].move_to(params, table.columns[i].kind);
    to.exec(insert, params);
    written = count;
    bytes = 0;
    progress(count);
  };
  while (rows.executeStep()) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      bytes += batch[i].add(table.columns[i].kind, rows.getColumn(static_cast<int>(i)), hash);
    }
    ++count;
    if (count - written >= table.batch || bytes >= kMaxBatchBytes) write();
  }
  write();
  return {table.name, count, hash.hex()};
}

// The number of rows and the hash of what the target contains.
CopiedTable read_back(Connection& connection, const Table& table) {
  std::string order = table.order;
  if (order == "name") order += " COLLATE \"C\"";  // SQLite's order of texts
  connection.run(fmt::format("DECLARE copied CURSOR FOR SELECT {} FROM {} ORDER BY {}",
                             names_of(table, false), table.name, order));
  CopiedTable result{table.name, 0, ""};
  TableHash hash;
  for (;;) {
    const Result rows = connection.exec(fmt::format("FETCH {} FROM copied", table.batch));
    if (rows.rows() == 0) break;
    result.rows += rows.rows();
    for (int row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const int column = static_cast<int>(i);
        if (rows.is_null(row, column)) {
          hash.add_null();
          continue;
        }
        switch (table.columns[i].kind) {
          case Kind::integer:
          case Kind::boolean:
            hash.add(rows.integer(row, column));
            break;
          case Kind::real:
            hash.add(rows.real(row, column));
            break;
          case Kind::text:
          case Kind::bytes:
            hash.add(rows.bytes(row, column));
            break;
        }
      }
    }
  }
  connection.run("CLOSE copied");
  result.sha256 = hash.hex();
  return result;
}

// The next id is one that SQLite would have assigned: ids of deleted rows are not used again.
void set_sequence(SQLite::Database& from, Connection& to, const Table& table) {
  SQLite::Statement last(
      from, fmt::format("SELECT max(coalesce((SELECT max({0}) FROM {1}), 0), "
                        "coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{1}'), 0))",
                        table.identity, table.name));
  last.executeStep();
  if (last.getColumn(0).getInt64() == 0) return;
  to.exec("SELECT setval(pg_get_serial_sequence($1, $2), $3)",
          Params::of(table.name, table.identity, std::int64_t{last.getColumn(0).getInt64()}));
}

void require_empty(Connection& connection) {
  std::string locks = "LOCK TABLE prediction_new_tallies";
  for (const Table& table : copied_tables()) locks += ", " + table.name;
  connection.run(locks + " IN ACCESS EXCLUSIVE MODE");
  std::vector<std::string> names{"prediction_new_tallies"};
  for (const Table& table : copied_tables()) names.push_back(table.name);
  for (const std::string& name : names) {
    if (connection.exec("SELECT EXISTS(SELECT 1 FROM " + name + ")").integer(0, 0) != 0) {
      throw IoError(
          fmt::format("{} is not empty: the table {} has rows. Records can only be moved "
                      "into an empty database",
                      connection.target(), name));
    }
  }
}

std::vector<CopiedTable> copy_all(SQLite::Database& from, Connection& to,
                                  const CopyProgress& progress) {
  require_empty(to);
  std::vector<CopiedTable> copied;
  for (const Table& table : copied_tables()) {
    const double fraction = double(copied.size()) / double(copied_tables().size());
    copied.push_back(copy_table(from, to, table, [&](std::int64_t rows) {
      if (progress) progress(fraction, table.name, rows);
    }));
    const CopiedTable found = read_back(to, table);
    const CopiedTable& expected = copied.back();
    if (found.rows != expected.rows || found.sha256 != expected.sha256) {
      throw IoError(fmt::format(
          "the table {} of {} differs after copying: {} rows with hash {:.16}, "
          "expected {} with {:.16}",
          table.name, to.target(), found.rows, found.sha256, expected.rows, expected.sha256));
    }
    if (!table.identity.empty()) set_sequence(from, to, table);
  }
  return copied;
}

std::vector<CopiedTable> copy(const std::filesystem::path& file, const std::string& url,
                              const CopyProgress& progress, const std::string& schema) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    throw IoError(file.string() + " does not exist; there are no records to move");
  }
  PoolOptions options;
  options.timeouts.statement = std::chrono::milliseconds(0);
  Database target(parse_url(url, schema), options);
  migrate(target);
  server::Database source(file);
  source.write([](SQLite::Database& from) { server::roll_up(from); });
  return source.read([&](SQLite::Database& from) {
    return target.write([&](Connection& to) { return copy_all(from, to, progress); });
  });
}

}  // namespace
}  // namespace fovea::server::postgres

namespace fovea::server {

std::vector<CopiedTable> copy_sqlite(const std::filesystem::path& file, const std::string& url,
                                     const CopyProgress& progress, const std::string& schema) {
  return postgres::copy(file, url, progress, schema);
}

}  // namespace fovea::server
