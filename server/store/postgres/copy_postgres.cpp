#include "server/store/postgres/copy_postgres.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "server/store/database.h"
#include "server/store/postgres/copied_tables.h"
#include "server/store/postgres/database.h"
#include "server/store/statistics_builder.h"
#include "server/store/store.h"
#include "server/store/tally.h"

namespace fovea::server::postgres {
namespace {

// The columns that SQLite stores; it computes the others from expressions.
std::vector<Column> stored_columns(const Table& table) {
  std::vector<Column> columns;
  for (const Column& column : table.columns) {
    if (column.source.empty()) columns.push_back(column);
  }
  return columns;
}

void bind(SQLite::Statement& insert, int index, Kind kind, const Result& rows, int row,
          int column) {
  if (rows.is_null(row, column)) return insert.bind(index);
  const Bytes bytes = rows.bytes(row, column);
  switch (kind) {
    case Kind::integer:
    case Kind::boolean:
      return insert.bind(index, rows.integer(row, column));
    case Kind::real:
      return insert.bind(index, rows.real(row, column));
    case Kind::text:
      return insert.bind(index,
                         std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    case Kind::bytes:
      return insert.bind(index, bytes.data(), static_cast<int>(bytes.size()));
  }
}

std::int64_t copy_rows(Connection& from, SQLite::Database& to, const Table& table) {
  const std::vector<Column> columns = stored_columns(table);
  std::string names, marks;
  for (const Column& column : columns) {
    names += (names.empty() ? "" : ", ") + column.name;
    marks += marks.empty() ? "?" : ", ?";
  }
  SQLite::Statement insert(to,
                           fmt::format("INSERT INTO {}({}) VALUES({})", table.name, names, marks));
  from.run(fmt::format("DECLARE copied CURSOR FOR SELECT {} FROM {} ORDER BY {}", names, table.name,
                       table.order));
  std::int64_t count = 0;
  for (;;) {
    const Result rows = from.exec(fmt::format("FETCH {} FROM copied", table.batch));
    if (rows.rows() == 0) break;
    for (int row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const int column = static_cast<int>(i);
        bind(insert, column + 1, columns[i].kind, rows, row, column);
      }
      insert.exec();
      insert.reset();
      ++count;
    }
  }
  from.run("CLOSE copied");
  return count;
}

// Ids of deleted rows are not used again. SQLite keeps the last one only for these tables.
void copy_sequence(Connection& from, SQLite::Database& to, const Table& table) {
  SQLite::Statement known(to,
                          "SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE "
                          "'%AUTOINCREMENT%'");
  known.bind(1, table.name);
  if (!known.executeStep()) return;
  const Result last = from.exec(
      fmt::format("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{}', '{}')), 0)",
                  table.name, table.identity));
  SQLite::Statement erase(to, "DELETE FROM sqlite_sequence WHERE name = ?");
  erase.bind(1, table.name);
  erase.exec();
  SQLite::Statement insert(to, "INSERT INTO sqlite_sequence(name, seq) VALUES(?, ?)");
  insert.bind(1, table.name);
  insert.bind(2, last.integer(0, 0));
  insert.exec();
}

// SQLite keeps one value per name, and all predictions are in the tallies already.
void copy_totals(Connection& from, SQLite::Database& to) {
  const Result totals = from.exec(
      "SELECT coalesce(sum(value) FILTER (WHERE name = 'rows'), 0)::bigint, "
      "coalesce(sum(value) FILTER (WHERE name = 'image_bytes'), 0)::bigint, "
      "(SELECT coalesce(max(id), 0) FROM predictions) FROM prediction_totals");
  const char* names[] = {"rows", "image_bytes", "tallied"};
  for (int i = 0; i < 3; ++i) {
    SQLite::Statement update(to, "UPDATE prediction_totals SET value = ? WHERE name = ?");
    update.bind(1, totals.integer(0, i));
    update.bind(2, names[i]);
    update.exec();
  }
}

// Statistics that are still in the queue belong to the tallies of a minute and of an hour.
void merge_queued_tallies(Connection& from, SQLite::Database& to) {
  from.run("DECLARE queued CURSOR FOR SELECT start, model, tally FROM prediction_new_tallies");
  for (;;) {
    const Result rows = from.exec("FETCH 500 FROM queued");
    if (rows.rows() == 0) break;
    for (int row = 0; row < rows.rows(); ++row) {
      for (const std::int64_t span : {kMinute, kHour}) {
        const std::int64_t start = rows.integer(row, 0) - rows.integer(row, 0) % span;
        Tally tally = Tally::from_text(rows.text(row, 2));
        SQLite::Statement known(
            to, "SELECT tally FROM prediction_tallies WHERE span = ? AND start = ? AND model = ?");
        known.bind(1, span);
        known.bind(2, start);
        known.bind(3, rows.integer(row, 1));
        if (known.executeStep()) tally.merge(Tally::from_text(known.getColumn(0).getString()));
        SQLite::Statement replace(to,
                                  "INSERT OR REPLACE INTO prediction_tallies(span, start, model, "
                                  "tally) VALUES(?, ?, ?, ?)");
        replace.bind(1, span);
        replace.bind(2, start);
        replace.bind(3, rows.integer(row, 1));
        replace.bind(4, tally.to_text());
        replace.exec();
      }
    }
  }
  from.run("CLOSE queued");
}

std::vector<CopiedTable> copy_all(Connection& from, SQLite::Database& to) {
  std::vector<CopiedTable> copied;
  for (const Table& table : copied_tables()) {
    if (table.name == "prediction_totals") {
      copy_totals(from, to);
      continue;
    }
    copied.push_back({table.name, copy_rows(from, to, table), ""});
    if (!table.identity.empty()) copy_sequence(from, to, table);
  }
  merge_queued_tallies(from, to);
  return copied;
}

}  // namespace
}  // namespace fovea::server::postgres

namespace fovea::server {

std::vector<CopiedTable> copy_postgres(const std::string& url, const std::filesystem::path& file,
                                       const std::string& schema) {
  if (std::filesystem::exists(file)) throw IoError(file.string() + " exists already");
  postgres::PoolOptions options;
  options.timeouts.statement = std::chrono::milliseconds(0);
  postgres::Database source(postgres::parse_url(url, schema), options);
  try {
    Database target(file);  // creates the tables
    return target.write([&](SQLite::Database& to) {
      return source.read([&](postgres::Connection& from) { return postgres::copy_all(from, to); });
    });
  } catch (...) {
    std::error_code error;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(file.string() + suffix, error);
    }
    throw;
  }
}

}  // namespace fovea::server
