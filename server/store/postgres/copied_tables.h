#pragma once

#include <string>
#include <vector>

namespace fovea::server::postgres {

enum class Kind { integer, boolean, real, text, bytes };

struct Column {
  std::string name;
  Kind kind = Kind::text;
  std::string source;  // the expression in SQLite; empty: the name
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::string order;          // a unique key, the same order in both databases
  std::string identity = {};  // the column whose values the database assigns; empty: none
  std::string filter = {};    // of the rows in SQLite
  int batch = 500;            // rows in memory
};

// The tables of the SQLite schema and their columns here, in an order in which references exist.
const std::vector<Table>& copied_tables();

}  // namespace fovea::server::postgres
