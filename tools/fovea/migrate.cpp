#include <fmt/format.h>
#include <memory>

#include "engine/core/error.h"
#include "server/store/folder_lock.h"
#include "server/store/postgres/copy_sqlite.h"
#include "server/store/project_folder.h"
#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/progress.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct MigrateArguments {
  std::string data_dir;
  std::string database;
};

void copy_records(const std::filesystem::path& file, const std::string& database,
                  const std::string& schema) {
  std::vector<server::CopiedTable> tables;
  {
    ProgressBar bar("copying");
    tables = server::copy_sqlite(
        file, database,
        [&](double fraction, const std::string& table, std::int64_t rows) {
          bar.show(fraction, fmt::format("{}: {}", table, server::counted(rows, "row")));
        },
        schema);
    bar.clear();
  }
  fmt::print("  {:<20} {:>12}  {}\n", "table", "rows", "SHA-256");
  for (const auto& table : tables) {
    fmt::print("  {:<20} {:>12}  {:.16}\n", table.name, server::counted(table.rows), table.sha256);
  }
}

void migrate(const MigrateArguments& arguments) {
  const std::filesystem::path directory = data_dir_or_default(arguments.data_dir);
  const std::filesystem::path file = directory / "fovea.db";
  if (!std::filesystem::exists(file)) {  // before the lock creates the directory
    throw IoError(file.string() + " does not exist; there are no records to move");
  }
  const server::FolderLock lock(directory);
  copy_records(file, arguments.database, "");
  for (const std::string& name : server::project_names(directory)) {
    const std::filesystem::path folder = server::project_folder(directory, name);
    if (!std::filesystem::exists(folder / "fovea.db")) continue;  // no server has opened it yet
    fmt::print("Project {}\n", name);
    copy_records(folder / "fovea.db", arguments.database, server::read_project(folder).schema);
  }
  fmt::print(
      "Numbers of rows and hashes are equal in both databases. {} is unchanged; the servers now "
      "need --database.\n",
      file.string());
}

}  // namespace

void add_migrate(Verb& program) {
  const auto arguments = std::make_shared<MigrateArguments>();
  Verb verb = program.verb(
      "migrate", "Move the records of a data directory into an empty PostgreSQL database");
  add_data_dir(verb, arguments->data_dir);
  verb.option("--database", arguments->database,
              "PostgreSQL database: postgres://user:password@host:port/name?sslmode=...")
      .value_name("URL")
      .environment("FOVEA_DATABASE_URL")
      .required();
  verb.action([arguments] { migrate(*arguments); });
}

}  // namespace fovea::tools
