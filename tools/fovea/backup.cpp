#include "server/backup/backup.h"

#include <fmt/format.h>
#include <memory>
#include <string>

#include "server/text/words.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct BackupArguments {
  std::string folder, data_dir, database;
};

void show_step(const std::string& step) {
  fmt::print("copying {} ...\n", step);
}

std::string describe(const server::BackupReport& report) {
  return fmt::format("{}, {:.1f} MiB", server::counted(report.files, "file"),
                     static_cast<double>(report.bytes) / (1 << 20));
}

}  // namespace

void add_backup(Verb& program) {
  const auto arguments = std::make_shared<BackupArguments>();
  Verb verb = program.verb("backup", "Copy a data directory while servers use it");
  verb.option("folder", arguments->folder, "Folder of the backup; must not exist or be empty")
      .required();
  add_data_dir(verb, arguments->data_dir);
  add_database(verb, arguments->database, "PostgreSQL database of the servers");
  verb.action([arguments] {
    const auto report = server::back_up(data_dir_or_default(arguments->data_dir),
                                        arguments->database, arguments->folder, show_step);
    fmt::print("{}: the records and {}\n", arguments->folder, describe(report));
  });
}

void add_restore(Verb& program) {
  const auto arguments = std::make_shared<BackupArguments>();
  Verb verb = program.verb("restore", "Restore a backup into an empty data directory");
  verb.option("folder", arguments->folder, "Folder of the backup").required();
  add_data_dir(verb, arguments->data_dir);
  add_database(verb, arguments->database, "Empty PostgreSQL database for the records");
  verb.action([arguments] {
    const std::filesystem::path data_dir = data_dir_or_default(arguments->data_dir);
    const auto report =
        server::restore_backup(arguments->folder, data_dir, arguments->database, show_step);
    fmt::print("{}: the records and {}\n", data_dir.string(), describe(report));
  });
}

}  // namespace fovea::tools
